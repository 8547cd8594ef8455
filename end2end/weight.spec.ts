import type { Page } from '@playwright/test'
import { expect, password, setUpHeading, test, totp } from './fixtures'

// The way back in, on an old phone with a bad line and nothing cached: what each page needs to be used, in bytes as they travel.
const MOST = 20_000

test('every page of the way back is usable at 20 kB', async ({ page, context, open, mail, signIn, confirm }) => {
  test.setTimeout(120_000)
  const user = { name: 'Ilka Sørensen', address: 'ilka.sorensen@hafenwerk.example' }
  const admin = 'malgorzata.brzeczyszczykiewicz@hafenwerk.example'
  const weigh = async (what: string) => {
    const bytes = await weight(page)
    test.info().annotations.push({ type: 'bytes', description: `${what}: ${bytes}` })
    expect(bytes, what).toBeLessThanOrEqual(MOST)
  }
  await open(`/users?q=${user.address}`)
  await weigh('sign-in')
  await signIn(admin)
  await page.getByRole('link', { name: user.name }).click()
  await page.getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
  await confirm(admin, 'Old phone, bad line')
  await context.clearCookies()
  const letter = await mail(user.address, 'Set up your sign-in again')
  const link = (await letter.getByRole('link', { name: 'Open the link' }).getAttribute('href'))!
  await letter.close()

  // The answer to a form is loaded once more, as after a pull to reload: it is the same page.
  await open(link)
  await weigh('recovery link')
  await page.getByLabel('Your password').fill(password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(setUpHeading(page)).toBeVisible()
  await weigh('new authenticator')
  const secret = (await page.locator('code.key').textContent())!.replaceAll(' ', '')
  await page.getByLabel('The 6 digits your app shows now').fill(totp(secret))
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByRole('heading', { name: 'Keep these ten codes' })).toBeVisible()
  await weigh('backup codes')
  const codes = await page.locator('ol.codes code').allTextContents()
  await page.getByLabel('Type one of them back').fill(codes[0])
  await page.getByRole('button', { name: 'Finish' }).click()
  await expect(page.getByRole('heading', { name: 'You are back in' })).toBeVisible()
  await weigh('back in')
  await open('/forgot-password')
  await weigh('forgotten password')
})

/** The bytes of this page, heads and all, without the scripts that it works without. */
async function weight(page: Page): Promise<number> {
  const sizes: Promise<number>[] = []
  const count = (request: import('@playwright/test').Request) => {
    if (!['document', 'stylesheet', 'image', 'font'].includes(request.resourceType())) return
    sizes.push(request.sizes().then((size) => size.responseHeadersSize + size.responseBodySize))
  }
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.clearBrowserCache')
  page.on('requestfinished', count)
  await page.reload({ waitUntil: 'load' })
  page.off('requestfinished', count)
  await cdp.detach()
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
