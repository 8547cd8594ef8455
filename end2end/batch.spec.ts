import type { Browser, Page } from '@playwright/test'
import { Demo } from './demo'
import { expect, password, setUpHeading, test, totp } from './fixtures'

// A server of its own with ten thousand people: whoever else walks here would be lost among them, and it is killed.
const requester = 'ines.marchetti@nordlicht.example'
const approver = 'jonas.thiessen@nordlicht.example'
const warehouse = (n: number) => `lager.${n}@${['hafenwerk', 'nordlicht', 'saobento'][n % 3]}.example`
const [bouncing, byLink, atSignIn] = [[7, 8], 20, 5]

test('four hundred of ten thousand are reset, whatever happens meanwhile @batch', async ({ browser }) => {
  test.setTimeout(300_000)
  const demo = await Demo.start('postgres')
  try {
    await demo.kill()
    fill(demo)
    await demo.mails.refuse(bouncing.map(warehouse))
    await demo.restart()
    const as = (address: string) => visit(browser, demo, address)

    // Filter, freeze, review.
    const page = await as(requester)
    await page.getByRole('searchbox').fill('lager.')
    await page.getByRole('searchbox').press('Enter')
    await expect(page.getByText(/^1–50 of 400/).first()).toBeVisible()
    // In one of her four customers she only reads.
    await page.getByRole('checkbox', { name: /^Select (?!all)/ }).first().check()
    await page.getByRole('link', { name: 'Leave out what forbids it' }).click()
    await expect(page.getByText('3 of 4 customers')).toBeVisible()
    await page.getByRole('checkbox', { name: /^Select (?!all)/ }).first().check()
    await page.getByRole('checkbox', { name: 'Select all 400 that match' }).check()
    await page.getByRole('group', { name: 'Selection' }).getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
    await expect(page.getByRole('heading', { name: 'Review before you reset' })).toBeVisible()
    await expect(page.getByText('A second person has to approve this.')).toBeVisible()
    await page.getByRole('textbox', { name: 'Reason' }).fill('New phones for all warehouses')
    await page.getByRole('textbox', { name: 'Ticket' }).fill('NL-30001')
    await page.getByRole('textbox', { name: 'Your own code' }).fill(await demo.code(requester))
    await page.getByRole('button', { name: 'Ask for approval' }).click()
    await expect(page.getByRole('heading', { name: 'Waiting for approval' })).toBeVisible()
    const address = new URL(page.url()).pathname

    // Approved as a second person, watched by both, killed in the middle.
    const letGo = await demo.hold(`SELECT 1 FROM users WHERE customer_id = (SELECT MAX(customer_id) FROM reset_items)
      AND address LIKE 'lager.%'`)
    const second = await as(approver)
    await second.goto(address)
    await expect(second.locator('html[data-hydrated]')).toBeAttached()
    await expect(second.getByRole('heading', { name: 'Review before you approve' })).toBeVisible()
    await second.getByRole('textbox', { name: 'Your own code' }).fill(await demo.code(approver))
    await second.getByRole('button', { name: /^Approve/ }).click()
    const reached = /^[1-9]\d* of 400 people reset$/
    // It stops at whoever is held, however long a busy machine takes to get there.
    await expect(second.getByText(reached)).toBeVisible({ timeout: 60_000 })
    await page.reload()
    await expect(page.getByText(reached)).toBeVisible()
    await expect(page.getByText(/[1-9]\d* to go$/).first()).toBeVisible()
    const half = await page.getByText(reached).textContent()
    await demo.kill()
    letGo()
    await expect.poll(() => demo.sql("SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%users%'")).toEqual(['1'])
    const wholly = () => demo.sql(`SELECT COUNT(*) FROM reset_items i WHERE done_at IS NOT NULL AND skip IS NULL
      AND NOT EXISTS (SELECT 1 FROM methods m WHERE m.user_id = i.user_id)
      AND EXISTS (SELECT 1 FROM links l WHERE l.id = i.link_id) AND EXISTS (SELECT 1 FROM outbox o WHERE o.link_id = i.link_id)`)
    expect(wholly()).toEqual([half!.split(' ')[0]])
    expect(demo.sql("SELECT COUNT(*) FROM users u JOIN methods m ON m.user_id = u.id WHERE u.address LIKE 'lager.%'")).toEqual([
      String(400 - Number(wholly()[0])),
    ])

    // Another server goes on when the lease of the dead one is over. The mails that it was about to send would wait for three
    // minutes: they are so much older.
    demo.sql('UPDATE outbox SET next_try_at = next_try_at - 180000 WHERE next_try_at IS NOT NULL')
    await demo.restart()
    await expect(async () => {
      await page.goto(demo.url + address)
      await expect(page.getByText('0 of 400 people are back')).toBeVisible({ timeout: 1000 })
    }).toPass({ timeout: 120_000 })
    expect(wholly()).toEqual(['400'])

    // They come back, on whatever they have.
    const links = async () => {
      const letters = (await demo.mails.newestFirst()).filter(({ subject }) => subject === 'Set up your sign-in again')
      return new Map(letters.reverse().map((letter) => [letter.to, letter.link('/recover/')]))
    }
    await expect.poll(async () => (await links()).size, { timeout: 60_000 }).toBe(400 - bouncing.length)
    const back = [...(await links())].slice(0, byLink + atSignIn)
    const plain = await Promise.all([0, 1].map(() => browser.newContext({ baseURL: demo.url, javaScriptEnabled: false })))
    await Promise.all(
      plain.map(async (context, lane) => {
        const tab = await context.newPage()
        for (const [at, [address, link]] of back.entries()) {
          if (at % plain.length === lane) await comeBack(tab, address, at < byLink ? link : undefined)
        }
      }),
    )
    await page.goto(demo.url + address)
    await expect(page.getByText('25 of 400 people are back')).toBeVisible()
    const tile = (label: string) => page.locator('.tiles > div').filter({ has: page.getByText(label, { exact: true }) })
    await expect(tile('Back by link')).toContainText('20')
    await expect(tile('Back at sign-in')).toContainText('5')
    await expect(tile('Bounced')).toContainText('2')
    await expect(page.getByRole('img', { name: /20 of them by link/ })).toBeVisible()

    // The mailboxes are mended, and those two are written to again.
    await demo.mails.refuse([])
    await page.goto(`${demo.url}${address}?state=bounced`)
    await expect(page.locator('html[data-hydrated]')).toBeAttached()
    await expect(page.getByText('No mailbox here').first()).toBeVisible()
    await page.getByRole('checkbox', { name: 'Select all on this page' }).check()
    await page.getByRole('group', { name: 'Selection' }).getByRole('button', { name: 'Send again' }).click()
    await expect(page.getByText('Sent again to 2 people.')).toBeVisible()
    const all = async () => {
      const found = await links()
      return bouncing.every((n) => found.has(warehouse(n)))
    }
    await expect.poll(all, { timeout: 60_000 }).toBe(true)

    // What is kept of it.
    const file = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Report as CSV' }).click()
    const text = Buffer.concat(await (await (await file).createReadStream()).toArray()).toString()
    const lines = text.trim().split('\r\n')
    expect(lines).toHaveLength(401)
    expect(lines.filter((line) => line.includes('"back"'))).toHaveLength(20)
    expect(lines.filter((line) => line.includes('"back_at_sign_in"'))).toHaveLength(5)
    for (const words of ['"Ines Marchetti"', '"Jonas Thießen"', '"New phones for all warehouses"', '"NL-30001"']) {
      expect(lines[400]).toContain(words)
    }
  } finally {
    await demo.stop()
  }
})

/** Ten thousand people in three customers, four hundred of them in the warehouses; and an approver for all three. */
function fill(demo: Demo): void {
  const domains = "('hafenwerk.example', 'nordlicht.example', 'saobento.example')"
  demo.sql(`
    CREATE TEMP TABLE homes AS SELECT DISTINCT ON (domain) domain, u.customer_id, u.password_hash
      FROM (SELECT *, SPLIT_PART(address_key, '@', 2) AS domain FROM users WHERE password_hash IS NOT NULL) u
      WHERE domain IN ${domains} ORDER BY domain, id;
    CREATE TEMP TABLE people AS SELECT n, homes.*, LPAD(n::TEXT, 26, '0') AS id,
        CASE WHEN n < 400 THEN 'lager.' ELSE 'buero.' END || n || '@' || domain AS address
      FROM GENERATE_SERIES(0, 9999) n JOIN homes ON domain = (ARRAY['hafenwerk', 'nordlicht', 'saobento'])[n % 3 + 1] || '.example';
    INSERT INTO users (customer_id, id, name, name_key, address, address_key, address_verified_at, password_hash, created_at, activated_at)
      SELECT customer_id, id, 'Lena Berg ' || n, 'lena berg ' || n, address, address, 1, password_hash, 1, 1 FROM people;
    INSERT INTO memberships (customer_id, user_customer_id, user_id, role, granted_at)
      SELECT customer_id, customer_id, id, 'member', 1 FROM people;
    INSERT INTO methods (customer_id, user_id, id, kind, secret, last_step, registered_at)
      SELECT customer_id, id, id, 'authenticator_app', 'sealed', 0, 1 FROM people;
    INSERT INTO memberships (customer_id, user_customer_id, user_id, role, granted_at)
      SELECT homes.customer_id, u.customer_id, u.id, 'admin', 1 FROM homes, users u WHERE u.address_key = '${approver}'
      ON CONFLICT DO NOTHING;
    UPDATE customers SET policy = (policy::JSONB || '{"approver_across": true, "link_minutes": 1440}')::TEXT;
  `)
}

/** A browser of somebody's own, signed in. */
async function visit(browser: Browser, demo: Demo, address: string): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: demo.url })).newPage()
  await page.goto('/users')
  await expect(page.locator('html[data-hydrated]')).toBeAttached()
  await page.getByLabel('Address').fill(address)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('6-digit code').fill(await demo.code(address))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible()
  return page
}

/** Sets up again through the link, or at sign-in, without JavaScript and as far as it counts. */
async function comeBack(page: Page, address: string, link?: string): Promise<void> {
  await page.context().clearCookies()
  await page.goto(link ?? '/sign-in')
  if (!link) await page.getByLabel('Address').fill(address)
  await page.getByLabel('assword').first().fill(password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(setUpHeading(page)).toBeVisible()
  const secret = (await page.locator('code.key').textContent())!.replaceAll(' ', '')
  await page.getByLabel('The 6 digits your app shows now').fill(totp(secret))
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByRole('heading', { name: 'Keep these ten codes' })).toBeVisible()
}
