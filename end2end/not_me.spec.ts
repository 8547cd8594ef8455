import type { Page } from '@playwright/test'
import { expect, password, test } from './fixtures'
import type { Letter } from './sink'

// "This was not me", said by the link in a notice: nobody gets in before a newer reset, and then by its link alone. And what
// whoever cannot go on does: ask their administrators.

test.use({ expectedComplaints: [/404 .*\/(recover|not-me)\//] })

const board = '/resets/people?days=1'
const admin = 'malgorzata.brzeczyszczykiewicz@hafenwerk.example'

test('whoever was not them freezes the account, and comes back by another reset, with help', async ({
  page, context, demo, elsewhere, open, fit, mail, hearWords, confirm, signIn, setUp,
}) => {
  test.setTimeout(300_000)
  const user = { name: 'Gábor Szűcs', address: 'gabor.szucs@hafenwerk.example' }
  const tile = (label: string) => page.locator('.tiles > div').filter({ hasText: label }).getByRole('link')
  const newer = (than: string) => newerLink(than, () => mail(user.address, 'Set up your sign-in again'))
  await open(`/users?q=${user.address}`)
  await signIn(admin)
  await page.getByRole('link', { name: user.name }).click()
  await expect(page.getByRole('heading', { name: user.name })).toBeVisible()
  const profile = new URL(page.url()).pathname
  await page.getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
  await confirm(admin, 'Somebody called')

  // Opening the page in the mail changes nothing: the recovery link works as before.
  const letter = await mail(user.address, 'Set up your sign-in again')
  const [notMe, link] = [letter.link('/not-me/'), letter.link('/recover/')]
  const theirs = await elsewhere()
  await open(notMe, theirs)
  await expect(theirs.getByRole('heading', { name: 'This was not you?' })).toBeVisible()
  await expect(theirs.getByText('We wrote to you about the recovery link')).toBeVisible()
  await fit(theirs)
  await open(link, theirs)
  await expect(theirs.getByRole('heading', { name: 'Let’s get you back in' })).toBeVisible()
  await open(notMe, theirs)
  await theirs.getByRole('button', { name: 'This was not me: freeze my account' }).click()
  await expect(theirs.getByText('Nobody gets in any more.')).toBeVisible()
  await fit(theirs)
  await open(link, theirs)
  await expect(theirs.getByRole('heading', { name: 'This link no longer works' })).toBeVisible()
  await open('/sign-in', theirs)
  await givePassword(theirs, user.address)
  await expect(theirs.getByRole('heading', { name: 'Your account is frozen' })).toBeVisible()
  await fit(theirs)

  // The owners hear of it, and the board shows it.
  const told = await mail('henrike.lueders@hafenwerk.example', 'an account is frozen')
  expect(told.text).toContain(`${user.address}`)
  expect(told.link('/users/')).toContain(profile)
  const confirmation = await mail(user.address, 'Your account is frozen')
  expect(confirmation.text).toContain('also if this was a mistake')
  await open(board)
  await tile('“This was not me”').click()
  const row = page.getByRole('row').filter({ hasText: user.address })
  await expect(row.getByText('“This was not me”')).toBeVisible()
  await fit()
  await open(profile)
  await expect(page.getByText('Frozen: they say that it was not them.')).toBeVisible()
  await fit()

  // They have spoken with each other. The password may be in wrong hands, so the link alone leads back in.
  demo.older(user.address, 30)
  await page.getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
  await confirm(admin, 'Spoke with him')
  const first = await newer(link)
  await open('/sign-in', theirs)
  await givePassword(theirs, user.address)
  await expect(theirs.getByRole('heading', { name: 'The way back in is in your mailbox' })).toBeVisible()

  // He comes too late, and asks for help, which takes one hour to be asked for again.
  demo.older(user.address, 25 * 60)
  await open(first, theirs)
  await expect(theirs.getByRole('heading', { name: 'This link no longer works' })).toBeVisible()
  await fit(theirs)
  await theirs.getByRole('link', { name: 'Sign in' }).click()
  await givePassword(theirs, user.address)
  await expect(theirs.getByText('That link has run out.')).toBeVisible()
  await fit(theirs)
  // The newest answer is the one that is shown, whatever was asked before.
  await theirs.getByRole('button', { name: 'Send the link again' }).click()
  await expect(theirs.getByText('A new link is on its way.')).toBeVisible()
  const second = await newer(first)
  await theirs.getByRole('button', { name: 'Ask my administrators for help' }).click()
  await expect(theirs.getByText('Your administrators were asked.', { exact: true })).toBeVisible()
  await expect(theirs.getByRole('button', { name: 'Ask my administrators for help' })).toHaveCount(0)
  await fit(theirs)

  demo.older(user.address, 30)
  await open(board)
  await tile('Asks for help').click()
  await expect(row).toHaveCount(1)
  await expect(row.getByText('Asks for help')).toBeVisible()
  await fit()
  await page.getByRole('checkbox', { name: `Select ${user.name}` }).check()
  await page.getByRole('button', { name: 'Send again' }).click()
  await expect(page.getByText('Sent again to 1 person.')).toBeVisible()
  await open(await newer(second), theirs)
  await theirs.getByLabel('Your password').fill(password)
  await theirs.getByRole('button', { name: 'Continue' }).click()

  // Whoever holds mailbox and password could have frozen it to be reset: the help desk hears three words first.
  await expect(theirs.getByRole('heading', { name: 'Compare three words' })).toBeVisible()
  await fit(theirs)
  const words = (await theirs.getByLabel('Your three words').textContent())!
  await hearWords(admin, profile, words)
  await theirs.getByRole('link', { name: 'Continue' }).click()
  await setUp(theirs)
  await expect(theirs.getByRole('heading', { name: 'You are back in' })).toBeVisible()

  await open(`${profile}/activity`)
  for (const line of [
    '“This was not me”, said of a mail about the recovery link',
    'Recovery link ended: “This was not me”',
    'Asked the administrators for help',
    'New set-up confirmed on the phone by Małgorzata Brzęczyszczykiewicz',
    'Back in by recovery link',
  ]) {
    await expect(page.getByRole('listitem').getByText(line, { exact: true })).toHaveCount(1)
  }
  await context.clearCookies()
})

test.describe('in German', () => {
  test('whoever was not them freezes the account, comes too late, and comes back with help', async ({
    page, demo, elsewhere, open, fit, mail, code, hearWords, confirm, signIn, setUp,
  }) => {
    test.setTimeout(300_000)
    const user = { name: 'Hanna Łuczak', address: 'hanna.luczak@hafenwerk.example' }
    const resetMail = 'Richten Sie Ihre Anmeldung neu ein'
    const newer = (than: string) => newerLink(than, () => mail(user.address, resetMail))
    const begin = async (tab: Page, address: string) => {
      await tab.getByLabel('Adresse').fill(address)
      await tab.getByLabel('Passwort', { exact: true }).fill(password)
      await tab.getByRole('button', { name: 'Weiter' }).click()
    }
    // Her browser speaks German, and so do her mails from the sign-in on. The admin's does not: what an account's first
    // browser speaks is the account's language, and other journeys read this one's pages in English.
    const theirs = await elsewhere({ locale: 'de-DE' })
    await open('/sign-in?next=%2Fsecurity', theirs)
    await begin(theirs, user.address)
    await theirs.getByLabel('6-stelliger Code').fill(await code(user.address))
    await theirs.getByRole('button', { name: 'Anmelden' }).click()
    await expect(theirs.getByRole('heading', { name: 'Meine Sicherheit' })).toBeVisible()

    await open(`/users?q=${user.address}`)
    await signIn(admin)
    await page.getByRole('link', { name: user.name }).click()
    await expect(page.getByRole('heading', { name: user.name })).toBeVisible()
    const profile = new URL(page.url()).pathname
    await page.getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
    await confirm(admin, 'Anruf')

    const letter = await mail(user.address, resetMail)
    expect(letter.text).toContain('Das war ich nicht')
    const [notMe, link] = [letter.link('/not-me/'), letter.link('/recover/')]
    await open(notMe, theirs)
    await expect(theirs.getByRole('heading', { name: 'Das waren nicht Sie?' })).toBeVisible()
    await fit(theirs)
    await theirs.getByRole('button', { name: 'Das war ich nicht: mein Konto sperren' }).click()
    await expect(theirs.getByText('Niemand kommt mehr hinein.')).toBeVisible()
    await fit(theirs)
    await open('/sign-in', theirs)
    await begin(theirs, user.address)
    await expect(theirs.getByRole('heading', { name: 'Ihr Konto ist gesperrt' })).toBeVisible()
    await fit(theirs)
    await mail(user.address, 'Ihr Konto ist gesperrt')

    // Reset anew, she comes too late, asks for help, and is written to again.
    demo.older(user.address, 30)
    await open(profile)
    await page.getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
    await confirm(admin, 'Gesprochen')
    const first = await newer(link)
    demo.older(user.address, 25 * 60)
    await open(first, theirs)
    await expect(theirs.getByRole('heading', { name: 'Dieser Link funktioniert nicht mehr' })).toBeVisible()
    await fit(theirs)
    await theirs.getByRole('link', { name: 'Anmelden' }).click()
    await begin(theirs, user.address)
    await expect(theirs.getByText('Dieser Link ist abgelaufen.')).toBeVisible()
    await theirs.getByRole('button', { name: 'Meine Administratoren um Hilfe bitten' }).click()
    await expect(theirs.getByText('Ihre Administratoren sind gefragt.', { exact: true })).toBeVisible()
    await fit(theirs)
    await open(board)
    await page.locator('.tiles > div').filter({ hasText: 'Asks for help' }).getByRole('link').click()
    // One row in this list, and two in the one before, which is there until this one has come.
    await expect(page.getByRole('row').filter({ hasText: user.address })).toHaveCount(1)
    await page.getByRole('checkbox', { name: `Select ${user.name}` }).check()
    await page.getByRole('button', { name: 'Send again' }).click()
    await expect(page.getByText('Sent again to 1 person.')).toBeVisible()
    await open(await newer(first), theirs)
    await theirs.getByLabel('Ihr Passwort').fill(password)
    await theirs.getByRole('button', { name: 'Weiter' }).click()

    await expect(theirs.getByRole('heading', { name: 'Vergleichen Sie drei Wörter' })).toBeVisible()
    await fit(theirs)
    const words = (await theirs.getByLabel('Ihre drei Wörter').textContent())!
    await hearWords(admin, profile, words)
    await theirs.getByRole('link', { name: 'Weiter' }).click()
    await setUp(theirs, 'de')
    await expect(theirs.getByRole('heading', { name: 'Sie sind wieder drin' })).toBeVisible()
  })
})

/** The link in the newest mail, once it is another than this one. */
async function newerLink(than: string, mail: () => Promise<Letter>): Promise<string> {
  let link = than
  await expect(async () => {
    link = (await mail()).link('/recover/')
    expect(link).not.toBe(than)
  }).toPass({ timeout: 15_000 })
  return link
}

/** Gives the right password, and nothing more. */
async function givePassword(tab: Page, address: string): Promise<void> {
  await tab.getByLabel('Address').fill(address)
  await tab.getByLabel('Password', { exact: true }).fill(password)
  await tab.getByRole('button', { name: 'Continue' }).click()
}
