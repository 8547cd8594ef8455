import { expect, test } from './fixtures'

test('a phone number is added, signs in, and its message never shows the whole number', async ({ page, open, axe, code, mail, signIn }) => {
  const user = 'quan.dang@hafenwerk.example'
  await open('/security')
  await signIn(user)
  await page.getByRole('link', { name: 'Add a phone number' }).click()
  await expect(page.getByLabel('Your own code')).toBeVisible()
  await axe()
  await page.getByLabel('Your own code').fill(await code(user))
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByLabel('Mobile number')).toBeVisible()
  await axe()
  await page.getByLabel('Country').selectOption({ label: 'Germany (+49)' })
  await page.getByLabel('Mobile number').fill('030 123456')
  await page.getByRole('button', { name: 'Send the code' }).click()
  await expect(page.getByText('Text messages do not reach that number')).toBeVisible()
  await expect(page.getByLabel('Mobile number')).toHaveValue('030 123456')
  await expect(page.getByLabel('Country')).toHaveValue('DE')
  await page.getByLabel('Mobile number').fill('0171 3920056')
  await page.getByRole('button', { name: 'Send the code' }).click()
  await expect(page.getByText('A code is on its way to')).toBeVisible()
  await expect(page.getByText('1713920056')).toHaveCount(0)
  await axe()
  const first = await message(await mail('+491713920056'))
  await page.getByLabel('6-digit code').fill(first)
  await page.getByRole('button', { name: 'Add it' }).click()
  await expect(page.getByText('Phone number added. We sent a note to your mailbox.')).toBeVisible()
  await expect(page.getByRole('cell', { name: /^\+49 •••• 56/ })).toBeVisible()

  await page.context().clearCookies()
  await open('/security')
  await signIn(user, null)
  // What was used last comes first.
  await expect(page.getByRole('heading', { name: 'Get a code by text message' })).toBeVisible()
  await axe()
  await page.getByRole('button', { name: /^Send a code to .*56/ }).click()
  await expect(page.getByText('A code is on its way to')).toBeVisible()
  await page.reload()
  const second = await message(await mail('+491713920056'), first)
  await page.getByLabel('6-digit code').fill(second === '000000' ? '000001' : '000000')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByText('That code is not right')).toBeVisible()
  await page.getByLabel('6-digit code').fill(second)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(/\/security/)
  await expect(page.getByText('Signed in with code sent to a phone')).toBeVisible()
})

test('a code on the phone confirms a reset @wasm', async ({ page, open, axe, mail, signIn }) => {
  const admin = 'salman.alqurashi@alwaha.example'
  await open('/users?q=ravi')
  await signIn(admin)
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'Ravi Venkataraghavan Subramaniam' }) })
  await row.locator('summary').click()
  await row.getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
  await page.getByRole('textbox', { name: 'Reason' }).fill('Lost phone, confirmed by text')
  await page.getByRole('button', { name: 'Send a code to my phone' }).click()
  await expect(page.getByText('A code is on its way to +49 •••• 34.')).toBeVisible()
  await axe()
  await page.getByRole('textbox', { name: 'Your own code' }).fill(await message(await mail('+491713920034')))
  await page.getByRole('button', { name: /^Reset 1 user$/ }).click()
  await expect(page.getByRole('heading', { name: 'Lost phone, confirmed by text' })).toBeVisible()
})

/** The code in the newest message, which is another than `before`. */
async function message(tab: import('@playwright/test').Page, before = ''): Promise<string> {
  const text = tab.locator('pre.mail-text')
  let code = ''
  await expect(async () => {
    code = (await text.textContent())!.match(/#(\d{6})\s*$/)![1]
    if (code === before) {
      await tab.goto('/dev/mailbox')
      await tab.getByRole('link').filter({ hasText: 'Text message' }).first().click()
    }
    expect(code).not.toBe(before)
  }).toPass({ timeout: 15_000 })
  await tab.close()
  return code
}
