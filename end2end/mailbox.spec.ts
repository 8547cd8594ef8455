import { Demo } from './demo'
import { expect, test } from './fixtures'

// Whoever looks at Rekey has no mail server: the demo shows what it would send.
test('a demo without a mail server shows its mails, and their links work', async ({ page, open, fit, engine }) => {
  test.setTimeout(120_000)
  const demo = await Demo.startAlone(engine)
  try {
    const mailbox = `${demo.url}/dev/mailbox`
    const user = 'joerg.boehme@hafenwerk.example'
    await open(`${demo.url}/forgot-password`)
    await page.getByLabel('Address').fill(user)
    await page.getByRole('button', { name: 'Send the mail' }).click()
    await expect(page.getByText('If that address is known here, a mail is on its way.')).toBeVisible()

    await page.goto(`${mailbox}?q=nobody`)
    await expect(page.getByText('No mail to an address with')).toBeVisible()
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1)
    await fit()
    const mail = page.getByRole('link', { name: user })
    await expect(async () => {
      await page.goto(`${mailbox}?q=BOEHME`)
      await expect(mail).toBeVisible({ timeout: 500 })
    }).toPass({ timeout: 15_000 })
    await mail.click()
    await expect(page.getByRole('heading', { name: 'Choose a new password' })).toBeVisible()
    await fit()
    const button = page.frameLocator('iframe').getByRole('link', { name: 'Choose a new password' })
    const link = page.getByRole('link', { name: 'Open the link' })
    expect(await link.getAttribute('href')).toBe(new URL((await button.getAttribute('href'))!).pathname)
    await link.click()
    await expect(page.getByText('Hafenwerk Logistik')).toBeVisible()
    await expect(page.getByLabel('Your new password')).toBeVisible()
  } finally {
    await demo.stop()
  }
})
