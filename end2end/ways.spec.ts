import type { Locator, Page } from '@playwright/test'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from './fixtures'

// Every way to find somebody and begin a reset, each as somebody who has that role.

// Without a script Playwright cannot see an animation end.
test.use({ contextOptions: { reducedMotion: 'reduce' } })

const resetAll = 'Reset all multi-factor authentications'

/** Chooses customers in the customer selector, and no others. */
async function choose(page: Page, ...names: string[]): Promise<void> {
  await page.locator('summary', { hasText: 'choose customers' }).click()
  for (const box of await page.locator('.pick input:checked').all()) await box.uncheck()
  for (const name of names) await page.getByRole('checkbox', { name }).check()
  await page.getByRole('button', { name: 'Show', exact: true }).first().click()
  await expect(page).toHaveURL(/customer=/)
}

async function search(page: Page, words: string): Promise<void> {
  await page.getByRole('searchbox', { name: 'Search name or address' }).fill(words)
  await page.getByRole('searchbox', { name: 'Search name or address' }).press('Enter')
  await expect(page).toHaveURL(/q=/)
}

const row = (page: Page, name: string): Locator => page.getByRole('row').filter({ has: page.getByRole('link', { name }) })
const selection = (page: Page): Locator => page.getByRole('group', { name: 'Selection' })

test('an admin switches customer, finds the user in the list of all and resets from the row', async ({ page, open, axe, signIn, confirm }) => {
  // Of two customers: at home in the provider, admin of the other for some time.
  await open('/users')
  await signIn('jonas.thiessen@nordlicht.example')
  await choose(page, 'Hafenwerk Logistik')
  await axe()
  await search(page, 'agnieszka')
  await row(page, 'Agnieszka Wiśniewska').locator('summary').click()
  await row(page, 'Agnieszka Wiśniewska').getByRole('button', { name: resetAll }).click()
  // Not this time: nothing has happened.
  await page.getByRole('link', { name: 'Cancel' }).click()
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible()
  await search(page, 'agnieszka')
  await row(page, 'Agnieszka Wiśniewska').locator('summary').click()
  await row(page, 'Agnieszka Wiśniewska').getByRole('button', { name: resetAll }).click()
  await confirm('jonas.thiessen@nordlicht.example', 'New phone, from the row')
})

test('an admin opens the user and resets there, with their own code', async ({ page, open, signIn, confirm }) => {
  const admin = 'malgorzata.brzeczyszczykiewicz@hafenwerk.example'
  await open('/users')
  await signIn(admin)
  await search(page, 'anke')
  await page.getByRole('link', { name: 'Anke Straßburger' }).click()
  await expect(page.getByRole('heading', { name: 'Anke Straßburger' })).toBeVisible()
  await page.getByRole('button', { name: resetAll }).click()
  await confirm(admin, 'Broken phone, from the details')
  // Whoever has not finished the set-up keeps everything, and the review says why.
  await open('/users?standing=invited')
  const invited = page.getByRole('checkbox', { name: /^Select / }).first()
  await invited.check()
  await selection(page).getByRole('button', { name: resetAll }).click()
  await expect(page.getByText('Set-up not finished').first()).toBeVisible()
})

test('a technician resets from the list, of several customers at once, refreshed and filtered', async ({ page, open, axe, signIn, confirm }) => {
  const technician = 'ines.marchetti@nordlicht.example'
  await open('/users')
  await signIn(technician)
  await choose(page, 'Nordlicht IT', 'Hafenwerk Logistik')
  await expect(page.getByText('2 of 4 customers')).toBeVisible()
  await page.getByRole('link', { name: 'Refresh' }).click()
  await expect(page.getByText(/Fetched at/)).toBeVisible()
  await search(page, 'bernd')
  await page.getByRole('checkbox', { name: 'Select Bernd Öttinger' }).check()
  await selection(page).getByRole('button', { name: resetAll }).click()
  await confirm(technician, 'New phones, from the list')
  // What one of them forbids is offered for none, and the page says which one forbids it.
  await open('/users?customer=all')
  await page.getByRole('checkbox', { name: /^Select [^:]+$/ }).first().check()
  await expect(selection(page).getByText(/your role does not reset in/)).toBeVisible()
  await expect(selection(page).getByRole('button', { name: resetAll })).toHaveCount(0)
  await axe()
  // The last choice is remembered where an address does not say.
  await choose(page, 'Hafenwerk Logistik')
  await open('/methods')
  await expect(page).toHaveURL(/\/methods\?customer=/)
})

test('a technician resets from the tab with the authentication methods', async ({ page, open, axe, signIn, confirm }) => {
  const technician = 'ole.hinrichs@nordlicht.example'
  await open('/users')
  await signIn(technician)
  await search(page, 'ana lucia')
  await page.getByRole('link', { name: 'Ana Lúcia Brito' }).click()
  await page.getByRole('navigation', { name: 'User' }).getByRole('link', { name: 'Authentication methods' }).click()
  await expect(page).toHaveURL(/\/methods$/)
  await expect(page.getByText('Authenticator app').first()).toBeVisible()
  await axe()
  await page.getByRole('button', { name: resetAll }).click()
  await confirm(technician, 'Lost phone, from the methods of one')
  await page.goBack()
  // Activity has no such button.
  await open('/users?q=ana%20lucia')
  await page.getByRole('link', { name: 'Ana Lúcia Brito' }).click()
  await page.getByRole('navigation', { name: 'User' }).getByRole('link', { name: 'Activity' }).click()
  await expect(page).toHaveURL(/\/activity$/)
  await expect(page.getByRole('button', { name: resetAll })).toHaveCount(0)
})

test('a technician resets from the list of all authentication methods', async ({ page, open, axe, signIn, confirm }) => {
  const technician = 'jonas.thiessen@nordlicht.example'
  await open('/users')
  await signIn(technician)
  await page.getByRole('link', { name: 'Authentication methods' }).click()
  await expect(page.getByRole('heading', { name: 'Authentication methods' })).toBeVisible()
  await choose(page, 'Hafenwerk Logistik')
  await axe()
  await search(page, 'faruk')
  await page.getByRole('checkbox', { name: 'Select Faruk Öztürk' }).check()
  await selection(page).getByRole('button', { name: resetAll }).click()
  await confirm(technician, 'Lost phone, from all methods')
})

for (const [role, address, first, second] of [
  ['owner', 'otavio.brandao@saobento.example', 'Caetana Luz', 'Iara Potiguara'],
  ['admin', 'yael.bendavid@saobento.example', 'Caio Frazão', 'Flávia Romão'],
]) {
  test(`an ${role} resets from the profile and from the menu of the row`, async ({ page, open, signIn, confirm }) => {
    await open('/users')
    await signIn(address)
    await search(page, first)
    await row(page, first).locator('summary').click()
    await row(page, first).getByRole('button', { name: resetAll }).click()
    await expect(page.getByText('This cannot be undone.').first()).toBeVisible()
    await confirm(address, `Lost phone, by an ${role}, from the row`)
    // Without a script the page says how far it was when it was loaded.
    await expect(async () => {
      await page.reload()
      await expect(page.getByText('0 of 1 person is back')).toBeVisible({ timeout: 1000 })
    }).toPass({ timeout: 20_000 })
    await expect(page.getByRole('link', { name: first })).toBeVisible()
    await open('/users')
    await search(page, second)
    await page.getByRole('link', { name: second }).click()
    await page.getByRole('button', { name: resetAll }).click()
    await confirm(address, `Lost phone, by an ${role}, from the profile`)
    // Without a script the page says how far it was when it was loaded.
    await expect(async () => {
      await page.reload()
      await expect(page.getByText('0 of 1 person is back')).toBeVisible({ timeout: 1000 })
    }).toPass({ timeout: 20_000 })
    await expect(page.getByRole('link', { name: second })).toBeVisible()
  })
}

test('everybody who matches is selected, also those on the next pages', async ({ page, open, axe, signIn }) => {
  await open('/users')
  await signIn('torben.asmussen@hafenwerk.example')
  await page.locator('summary', { hasText: 'Filter' }).click()
  await page.getByLabel('Standing').selectOption('Active')
  await page.getByRole('checkbox', { name: 'Member' }).check()
  await page.locator('.filters').getByRole('button', { name: 'Show' }).click()
  await expect(page).toHaveURL(/standing=active/)
  await axe()
  const count = (await page.locator('.count').textContent())!.match(/^\d+/)![0]
  expect(Number(count)).toBeGreaterThan(50)
  await page.getByRole('checkbox', { name: /^Select [^:]+$/ }).nth(1).check()
  await page.getByRole('checkbox', { name: `Select all ${count} that match` }).check()
  await selection(page).getByRole('button', { name: resetAll }).click()
  await expect(page.getByRole('heading', { name: 'Review before you reset' })).toBeVisible()
  await axe()
})

test('the keyboard finds, walks and ticks @wasm', async ({ page, open, signIn }) => {
  await open('/users')
  await signIn('torben.asmussen@hafenwerk.example')
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible()
  await expect(page.locator('html[data-hydrated]')).toBeAttached()
  const [boxes, names] = [page.locator('tbody .tick input'), page.locator('tbody .name a')]
  await boxes.nth(0).focus()
  await page.keyboard.press('Space')
  await expect(boxes.nth(0)).toBeChecked()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowUp')
  await expect(boxes.nth(1)).toBeFocused()
  // With shift, everything between the last tick and this one.
  await boxes.nth(3).click({ modifiers: ['Shift'] })
  await expect(page.locator('tbody .tick input:checked')).toHaveCount(4)
  await expect(selection(page)).toBeVisible()
  await page.keyboard.press('/')
  await expect(page.getByRole('searchbox', { name: 'Search name or address' })).toBeFocused()
  await names.nth(0).focus()
  await page.keyboard.press('ArrowDown')
  await expect(names.nth(1)).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/users\/[0-9a-z]{26}$/)
})

test('an auditor sees everything and no button', async ({ page, context, open, signIn, confirm }) => {
  test.setTimeout(120_000)
  const [admin, reason] = ['malgorzata.brzeczyszczykiewicz@hafenwerk.example', 'Something for the auditor to see']
  await open('/users?q=krzysztof.zak')
  await signIn(admin)
  await page.getByRole('link', { name: 'Krzysztof Żak' }).click()
  await page.getByRole('button', { name: resetAll }).click()
  await confirm(admin, reason)
  await context.clearCookies()

  const main = page.getByRole('main')
  const verbs = [
    'Activate', 'Add', 'Approve', 'Ask', 'Assign', 'Change', 'Confirm', 'Deactivate', 'Edit', 'End', 'Extend', 'Freeze', 'Give', 'Import',
    'Invite', 'Lock', 'Make', 'Remove', 'Reset', 'Review', 'Revoke', 'Save', 'Send', 'Suspend', 'Take', 'Undo', 'Unlock', 'Withdraw',
  ]
  const changes = new RegExp(`^(${verbs.join('|')})\\b`)
  // What says no more than “Reset” leads to the page of one.
  const leads = new RegExp(`^(?!Reset$)(${verbs.join('|')})\\b`)
  const looksOnly = async (content: Locator) => {
    await expect(content.first()).toBeVisible()
    await expect(main.getByRole('button', { name: changes })).toHaveCount(0)
    await expect(main.getByRole('link', { name: leads })).toHaveCount(0)
    await expect(main.locator('form[method=post] button').filter({ visible: true })).toHaveCount(0)
  }
  const view = async (path: string, content: () => Locator) => {
    await open(path)
    await looksOnly(content())
  }
  await open('/users')
  await signIn('rasmus.kjaergaard@hafenwerk.example')
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible()
  await view('/users?q=krzysztof.zak', () => page.getByRole('link', { name: 'Krzysztof Żak' }))
  await expect(page.getByRole('checkbox', { name: /^Select Krzysztof Żak/ })).toBeDisabled()
  for (const box of await page.getByRole('checkbox', { name: /^Select/ }).all()) await expect(box).toBeDisabled()
  await row(page, 'Krzysztof Żak').locator('summary').click()
  await looksOnly(row(page, 'Krzysztof Żak').getByRole('link', { name: 'Open details' }))
  await page.getByRole('link', { name: 'Krzysztof Żak' }).click()
  for (const tab of ['Summary', 'Authentication methods', 'Activity']) {
    await page.getByRole('navigation', { name: 'User' }).getByRole('link', { name: tab }).click()
    await looksOnly(page.getByRole('link', { name: tab, exact: true }).and(page.locator('[aria-current]')))
  }
  await view('/methods', () => page.getByRole('row').getByRole('link').first())
  await view('/customers', () => main.getByRole('link', { name: 'Hafenwerk Logistik' }))
  await main.getByRole('link', { name: 'Hafenwerk Logistik' }).click()
  await looksOnly(main.getByRole('heading', { name: 'Hafenwerk Logistik' }))
  await main.getByRole('link', { name: 'People and roles' }).click()
  await looksOnly(page.getByRole('row').filter({ hasText: 'Torben Asmussen' }))
  await page.getByRole('row').filter({ hasText: 'Torben Asmussen' }).locator('summary').click()
  await looksOnly(page.getByRole('row').filter({ hasText: 'Torben Asmussen' }).getByText('Your role here changes no roles.'))
  await main.getByRole('link', { name: 'Policy' }).click()
  await looksOnly(page.getByText('You may read this policy.'))
  await view('/resets', () => page.getByRole('link', { name: reason }))
  await page.getByRole('link', { name: reason }).click()
  await looksOnly(page.getByText('0 of 1 person is back'))
  await view('/resets/people', () => page.getByRole('row').filter({ hasText: 'Krzysztof Żak' }))
  await view('/audit', () => page.getByRole('row').filter({ hasText: 'Krzysztof Żak' }))
  const token = page.getByRole('row').getByRole('link').first()
  await view('/tokens', () => token)
  await token.click()
  await looksOnly(page.getByText('Holder'))
})

test.describe('a technician with roles in three of five customers', () => {
  // What is not theirs is answered as what is not there.
  test.use({ expectedComplaints: [/404 .*\/(users|customers|resets|tokens)/] })

  test('never sees a name of the other two', async ({ page, context, open, code, signIn, confirm }) => {
    test.setTimeout(180_000)
    const [technician, owner] = ['ole.hinrichs@nordlicht.example', 'ines.marchetti@nordlicht.example']
    const path = async (link: Locator) => new URL((await link.getAttribute('href'))!, page.url()).pathname
    const people = readFileSync(fileURLToPath(new URL('../src/demo/people.tsv', import.meta.url)), 'utf8').trim().split('\n')
    const others = people.map((line) => line.split('\t')).filter(([address]) => /@(hafenwerk|alwaha)\./.test(address))
    expect(others.length).toBeGreaterThan(100)
    const foreign = ['Hafenwerk', 'hafenwerk.example', 'مؤسسة الواحة', 'alwaha.example', ...others.map((cells) => cells.at(-1)!)]

    // Somebody who sees all of it resets one of theirs and one of the others together.
    const [theirs, mixed] = ['Kauê Ribeirão', 'Two customers at once']
    await open('/users?q=karoliina.vaananen')
    await signIn(owner)
    const stranger = await path(page.getByRole('link', { name: 'Karoliina Väänänen' }))
    await open('/customers')
    const customer = await path(page.getByRole('main').getByRole('link', { name: 'Hafenwerk Logistik' }))
    await open('/resets/from-list')
    await page.getByRole('textbox', { name: 'Addresses' }).fill('karoliina.vaananen@hafenwerk.example\nkaue.ribeirao@saobento.example')
    await page.getByRole('button', { name: 'Look at it first' }).click()
    await page.getByRole('button', { name: 'Review 2 people' }).click()
    await confirm(owner, mixed)
    const reset = new URL(page.url()).pathname
    await context.clearCookies()

    // The technician looks after the provider's own people, one customer for some time, and one whom they brought.
    await open('/customers/new')
    await signIn(technician)
    await page.getByLabel('Name', { exact: true }).fill('Kutterhafen Büsum')
    await page.getByLabel('Your own code').fill(await code(technician))
    await page.getByRole('button', { name: 'Add customer' }).click()
    await expect(page.getByRole('heading', { name: 'Kutterhafen Büsum' })).toBeVisible()
    await open('/customers')
    await expect(page.getByText('3 customers', { exact: true })).toBeVisible()
    const names = page.getByRole('main').getByRole('row').getByRole('link', { name: /^[^\d]+$/ })
    const mine: string[] = []
    for (const link of await names.all()) mine.push(await path(link))
    expect(mine).toHaveLength(3)
    await open('/users?customer=all&role=admin')
    const colleague = await path(page.getByRole('link', { name: 'Jonas Thießen' }))

    const clean = (what: string, text: string) => {
      expect(foreign.filter((name) => text.includes(name)), what).toEqual([])
    }
    const visit = async (place: string) => {
      await open(place)
      await expect(page.getByRole('main')).toBeVisible()
      clean(place, await page.content())
    }
    for (const place of [
      ...['/users', '/users?customer=all', '/users?customer=all&sort=-name', '/methods', '/methods?customer=all', '/customers'],
      ...['/resets', '/resets/people', '/resets/people?days=30', '/audit', '/tokens', '/tokens?customer=all'],
      // Somebody from here who has a role there.
      ...[colleague, `${colleague}/methods`, `${colleague}/activity`],
      ...mine.flatMap((place) => [place, `${place}/people`, `${place}/policy`, `/audit?customer=${place.split('/').at(-1)}`]),
    ]) {
      await visit(place)
    }
    // What they search for themselves stands in the field.
    for (const words of ['karoliina', 'vaananen', 'karoliina.vaananen', 'logistik', 'tewodros']) {
      for (const list of ['/users?customer=all&q=', '/methods?customer=all&q=', '/customers?q=']) {
        await visit(list + words)
        await expect(page.getByText(/is called “|^Nothing matches|has one that matches/), list + words).toBeVisible()
      }
    }

    // Both were reset together: this one is shown, and nothing tells of the other.
    await visit(reset)
    await expect(page.getByRole('heading', { name: mixed })).toBeVisible()
    await expect(page.getByRole('link', { name: theirs })).toBeVisible()
    for (const kind of ['csv', 'json']) {
      const report = await (await page.request.get(`${reset}/report.${kind}`)).text()
      expect(report).toContain(theirs)
      clean(`report.${kind}`, report)
    }

    const strange = customer.split('/').at(-1)
    for (const place of [
      ...[stranger, `${stranger}/methods`, `${stranger}/activity`, `${stranger}/caller-code`, `${stranger}/call-back`, `${stranger}/remove`],
      ...[customer, `${customer}/people`, `${customer}/people/give`, `${customer}/policy`, `${customer}/edit`],
      ...['users', 'methods', 'resets', 'resets/people', 'audit', 'tokens'].map((list) => `/${list}?customer=${strange}`),
      `/audit?user=${stranger.split('/').at(-1)}`,
    ]) {
      await visit(place)
    }
  })
})

test.describe('a list that is fetched again', () => {
  test.use({ expectedComplaints: [/net::ERR_FAILED .*\/api\/users\/page/] })

  test('keeps its ticks, and what it shows when it cannot be fetched @wasm', async ({ page, open, signIn }) => {
    await open('/users')
    await signIn('torben.asmussen@hafenwerk.example')
    await expect(page.getByText(/^\d+ people$/)).toBeVisible()
    const boxes = page.getByRole('checkbox', { name: /^Select [^:]+$/ })
    const names = await boxes.evaluateAll((all) => all.slice(1).map((box) => box.parentElement!.textContent!.trim()))
    const [first, second] = names
    await page.getByRole('checkbox', { name: second, exact: true }).check()
    const fetched = await page.locator('.fresh').textContent()
    await expect(async () => {
      await page.getByRole('link', { name: 'Refresh' }).click()
      await expect(page.locator('.fresh')).not.toHaveText(fetched!, { timeout: 500 })
    }).toPass()
    await expect(page.getByRole('checkbox', { name: second, exact: true })).toBeChecked()
    await expect(page.getByRole('checkbox', { name: first, exact: true })).not.toBeChecked()

    // Whoever is ticked stays it when others come between.
    await search(page, second.replace('Select ', ''))
    await expect(page.getByRole('checkbox', { name: first, exact: true })).toHaveCount(0)
    await expect(page.getByRole('checkbox', { name: second, exact: true })).toBeChecked()
    await expect(selection(page)).toBeVisible()
    await page.getByRole('link', { name: 'Clear', exact: true }).click()
    await expect(page.getByRole('checkbox', { name: first, exact: true })).toBeVisible()
    await expect(page.getByRole('checkbox', { name: second, exact: true })).toBeChecked()
    await expect(page.getByRole('checkbox', { name: first, exact: true })).not.toBeChecked()

    await page.route('**/api/users/page*', (route) => route.abort())
    await page.getByRole('link', { name: 'Refresh' }).click()
    await expect(page.getByRole('alert')).toContainText('Rekey cannot be reached. What you see was fetched at')
    await expect(page.getByRole('checkbox', { name: second, exact: true })).toBeChecked()
    await page.unroute('**/api/users/page*')
    await page.getByRole('link', { name: 'Refresh' }).click()
    await expect(page.getByRole('alert')).toHaveCount(0)

    // The box in the head knows the rows that came since.
    await page.getByRole('checkbox', { name: 'Select all on this page' }).check()
    await expect(page.getByRole('checkbox', { name: first, exact: true })).toBeChecked()
  })
})
