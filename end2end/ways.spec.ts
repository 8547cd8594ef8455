import type { Locator, Page } from '@playwright/test'
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

for (const [role, address, name] of [
  ['owner', 'otavio.brandao@saobento.example', 'Caetana Luz'],
  ['admin', 'yael.bendavid@saobento.example', 'Caio Frazão'],
]) {
  test(`an ${role} resets from the profile and from the menu of the row`, async ({ page, open, signIn, confirm }) => {
    await open('/users')
    await signIn(address)
    await search(page, name)
    await row(page, name).locator('summary').click()
    await row(page, name).getByRole('button', { name: resetAll }).click()
    await expect(page.getByText('This cannot be undone.').first()).toBeVisible()
    await page.getByRole('link', { name: 'Cancel' }).click()
    await search(page, name)
    await page.getByRole('link', { name }).click()
    await page.getByRole('button', { name: resetAll }).click()
    await confirm(address, `Lost phone, by an ${role}`)
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

test('an auditor sees everything and no button', async ({ page, open, signIn }) => {
  await open('/users')
  await signIn('conceicao.sa@saobento.example')
  await expect(page.getByRole('link', { name: 'Caio Frazão' })).toBeVisible()
  await expect(page.getByRole('checkbox', { name: /Select Caio/ })).toBeDisabled()
  await expect(page.getByRole('link', { name: 'Invite users' })).toHaveCount(0)
  await page.getByRole('link', { name: 'Caio Frazão' }).click()
  for (const tab of ['Summary', 'Authentication methods', 'Activity']) {
    await page.getByRole('navigation', { name: 'User' }).getByRole('link', { name: tab }).click()
    await expect(page.getByRole('link', { name: tab, exact: true }).and(page.locator('[aria-current]')).first()).toBeVisible()
    await expect(page.getByRole('button', { name: /Reset|Remove|Suspend|End/ })).toHaveCount(0)
    await expect(page.getByRole('link', { name: /^(Remove|Suspend)/ })).toHaveCount(0)
  }
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
