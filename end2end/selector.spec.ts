import type { Locator } from '@playwright/test'
import { expect, test } from './fixtures'

// Whose users are shown, and whom a plan leaves out because a customer does not let the reader reset there.

// Without a script Playwright cannot see an animation end.
test.use({ contextOptions: { reducedMotion: 'reduce' } })

// Owner of two customers, admin of a third, auditor of a fourth.
const technician = 'ines.marchetti@nordlicht.example'
const [home, port, clinic, oasis] = ['Nordlicht IT', 'Hafenwerk Logistik', 'Clínica São Bento', 'مؤسسة الواحة التعليمية']

/** Presses Tab, or what goes back, until this has the focus. */
async function tabTo(target: Locator, key = 'Tab'): Promise<void> {
  const has = () => target.evaluate((element) => element === document.activeElement)
  for (let n = 0; n < 40 && !(await has()); n++) await target.page().keyboard.press(key)
  await expect(target).toBeFocused()
}

test('customers are found, chosen and remembered with nothing but the keyboard', async ({
  page, open, axe, signIn, javaScriptEnabled,
}) => {
  const { keyboard } = page
  const face = page.locator('summary', { hasText: 'choose customers' })
  const find = page.getByRole('searchbox', { name: 'Find a customer' })
  const boxes = page.locator('.selector').getByRole('checkbox')
  const box = (name: string) => page.getByRole('checkbox', { name })
  const unfold = async () => {
    if (javaScriptEnabled) await expect(page.locator('html[data-hydrated]')).toBeAttached()
    await tabTo(face)
    await keyboard.press('Enter')
    await expect(find).toBeVisible()
  }
  const press = async (target: Locator) => {
    await tabTo(target)
    await keyboard.press('Enter')
    await expect(find).toBeHidden()
  }
  await open('/users?customer=all')
  await signIn(technician)
  await expect(face).toContainText(/All \d customers/)
  await unfold()
  await axe()
  if (javaScriptEnabled) {
    await keyboard.press('ArrowDown')
    await keyboard.press('ArrowDown')
    await expect(boxes.first()).toBeFocused()
    await keyboard.press('Escape')
    await expect(find).toBeHidden()
    await expect(face).toBeFocused()
    await keyboard.press('Enter')
  }

  // A part of the name is enough. With a script the list narrows while one types; without one Enter brings what was found.
  let users = 0
  for (const [part, name] of [['WERK', port], ['dlicht', home]]) {
    await tabTo(find, users ? 'Shift+Tab' : 'Tab')
    await keyboard.press('ControlOrMeta+a')
    await keyboard.type(part)
    if (!javaScriptEnabled) await keyboard.press('Enter')
    await expect(box(clinic)).toBeHidden()
    if (javaScriptEnabled) {
      // Past “All mine”.
      await keyboard.press('ArrowDown')
      await keyboard.press('ArrowDown')
    } else {
      await tabTo(box(name))
    }
    await keyboard.press('Space')
    await expect(box(name)).toBeChecked()
    users += Number(await page.locator('.pick', { has: box(name) }).locator('small').textContent())
  }
  if (javaScriptEnabled) await expect(page.getByText(`2 chosen · ${users} users`)).toBeVisible()
  const shown = async (path: string) => {
    await expect(face).toContainText(/2 of \d customers/)
    await expect(page).toHaveURL(new RegExp(`${path}\\?customer=\\w{26}&customer=\\w{26}$`))
    const whose = await page.getByRole('table').locator('td.customer .cut').allTextContents()
    expect([...new Set(whose)].sort()).toEqual([port, home])
  }
  await press(page.getByRole('button', { name: 'Show', exact: true }))
  await shown('/users')
  await expect(page.getByText(`${users} people`, { exact: true })).toBeVisible()
  const address = page.url()
  await page.reload()
  await shown('/users')
  expect(page.url()).toBe(address)

  // The last by name is the first once it is a favourite; who is chosen stays so.
  await unfold()
  await expect(boxes.last()).toHaveAccessibleName(new RegExp(oasis))
  await press(page.getByRole('button', { name: `Favourite: ${oasis}` }))
  await shown('/users')
  await unfold()
  await expect(page.getByText('Favourites')).toBeVisible()
  await expect(boxes.first()).toHaveAccessibleName(new RegExp(oasis))
  for (const name of [port, home]) await expect(box(name)).toBeChecked()
  await axe()
  await press(page.getByRole('button', { name: `No favourite any more: ${oasis}` }))
  await unfold()
  await expect(boxes.last()).toHaveAccessibleName(new RegExp(oasis))

  // What nobody is called is said, and nothing is chosen by giving up.
  await tabTo(find)
  await keyboard.type('xyzzy')
  if (javaScriptEnabled) {
    await expect(page.getByText('None of these is called so.')).toBeVisible()
    await press(page.getByRole('button', { name: 'Cancel' }))
    await shown('/users')
  } else {
    await keyboard.press('Enter')
    await expect(page.getByText('No customer is called “xyzzy”.')).toBeVisible()
    await open(address)
  }

  // Another list remembers the choice, and so does this one what was chosen there.
  await page.getByRole('navigation').getByRole('link', { name: 'Authentication methods' }).click()
  await expect(page.getByRole('heading', { name: 'Authentication methods' })).toBeVisible()
  await shown('/methods')
  await unfold()
  await press(page.getByRole('link', { name: /^All mine/ }))
  await expect(page).toHaveURL(/\/methods\?customer=all$/)
  await expect(face).toContainText(/All \d customers/)
  await page.getByRole('navigation').getByRole('link', { name: 'Users' }).click()
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible()
  await expect(face).toContainText(/All \d customers/)
})

test('a customer that forbids a reset is named, and a plan is made without it', async ({ page, open, axe, signIn }) => {
  const [known, stranger, suspended] = ['Nádia Haddad', 'سُهى حدّاد', 'Nzinga Domingos']
  const selection = page.getByRole('group', { name: 'Selection' })
  const reset = selection.getByRole('button', { name: 'Reset all multi-factor authentications' })
  const main = page.getByRole('main')
  await open('/users?customer=all&q=haddad')
  await signIn(technician)
  await expect(page.getByRole('checkbox', { name: `Select ${stranger}: Your role does not reset` })).toBeDisabled()
  // What would begin here is said not to, and by whom it is forbidden.
  const invite = page.getByRole('link', { name: 'Invite users' })
  await expect(page.getByText(`No invitation and no reset here: your role does not allow it in ${oasis}.`)).toBeVisible()
  await expect(invite).toHaveCount(0)
  await page.getByRole('checkbox', { name: `Select ${known}` }).check()
  await expect(selection.getByText(`No reset here: your role does not reset in ${oasis}.`)).toBeVisible()
  await expect(reset).toHaveCount(0)
  await axe()
  await selection.getByRole('link', { name: 'Leave out what forbids it' }).click()
  await expect(page.getByRole('link', { name: stranger })).toHaveCount(0)
  await expect(page).toHaveURL(/\/users\?(customer=\w{26}&){3,}q=haddad$/)
  await expect(invite).toBeVisible()
  await page.getByRole('checkbox', { name: `Select ${known}` }).check()
  await reset.click()
  await expect(page.getByRole('heading', { name: 'Review before you reset' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Reset 1 user' })).toBeVisible()
  await expect(main.getByRole('row').filter({ hasText: clinic }).first()).toBeVisible()
  await expect(main.getByText(oasis)).toHaveCount(0)

  // A list may name anybody: it says who is left out of the plan, and the plan who keeps everything.
  await open('/resets/from-list')
  await page.getByRole('textbox', { name: 'Addresses' }).fill(
    ['nadia.haddad@saobento.example', 'suha.haddad@alwaha.example', 'nzinga.domingos@saobento.example'].join('\n'),
  )
  await page.getByRole('button', { name: 'Look at it first' }).click()
  await page.locator('.tiles > div', { hasText: 'left out' }).getByRole('link', { name: '1', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Who is left out' })).toBeVisible()
  await expect(page.getByRole('row').filter({ hasText: stranger })).toContainText(/Your role does not reset$/)
  await axe()
  await page.getByRole('button', { name: 'Review 2 people' }).click()
  await expect(page.getByRole('button', { name: 'Reset 1 user' })).toBeVisible()
  await expect(main.getByText(oasis)).toHaveCount(0)
  const skipped = page.getByRole('row').filter({ hasText: 'They cannot sign in at all.' })
  await expect(skipped).toContainText('Suspended')
  await axe()
  await skipped.getByRole('link', { name: '1', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Skipped: suspended' })).toBeVisible()
  await expect(page.getByRole('link', { name: suspended })).toBeVisible()
  await expect(page.getByRole('link', { name: known })).toHaveCount(0)
})
