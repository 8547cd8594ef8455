import type { Locator, Page, Request } from '@playwright/test'
import { expect, password, setUpHeading, test, totp } from './fixtures'

// The way back in on the worst day: an old phone, a bad line, nothing cached, and scripts that never arrive.

type Steps = {
  /** Resets somebody, as their administrator does; the link in the mail to them. */
  reset: (user: { name: string; address: string }) => Promise<string>
}

const journey = test.extend<Steps>({
  reset: async ({ page, context, open, mail, signIn, confirm }, use) => {
    await use(async (user) => {
      const admin = 'ines.marchetti@nordlicht.example'
      await open(`/users?q=${user.address}`)
      await signIn(admin)
      await page.getByRole('link', { name: user.name }).click()
      await page.getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
      await confirm(admin, 'Old phone, bad line')
      await context.clearCookies()
      return (await mail(user.address, 'Set up your sign-in again')).link('/recover/')
    })
  },
})

// Whoever blocks a script is told so by the browser.
journey.use({ expectedComplaints: [/ERR_BLOCKED_BY_CLIENT|Failed to fetch/] })

const secretOf = async (page: Page) => (await page.locator('code.key').textContent())!.replaceAll(' ', '')
const codesHeading = (page: Page) => page.getByRole('heading', { name: 'Keep these ten codes' })
const backHeading = (page: Page) => page.getByRole('heading', { name: 'You are back in' })

journey('every page of the way back is usable at 20 kB', async ({ page, open, reset }) => {
  test.setTimeout(120_000)
  const weigh = async (what: string) => {
    const bytes = await weight(page)
    test.info().annotations.push({ type: 'bytes', description: `${what}: ${bytes}` })
    expect(bytes, what).toBeLessThanOrEqual(20_000)
  }
  const link = await reset({ name: 'Ilka Sørensen', address: 'ilka.sorensen@hafenwerk.example' })
  await open('/sign-in')
  await weigh('sign-in')
  await open('/forgot-password')
  await weigh('forgotten password')
  // The answer to a form is loaded once more, as after a pull to reload: it is the same page.
  await open(link)
  await weigh('recovery link')
  await page.getByLabel('Your password').fill(password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(setUpHeading(page)).toBeVisible()
  await weigh('new authenticator')
  await page.getByLabel('The 6 digits your app shows now').fill(totp(await secretOf(page)))
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(codesHeading(page)).toBeVisible()
  await weigh('backup codes')
  const codes = await page.locator('ol.codes code').allTextContents()
  await page.getByLabel('Type one of them back').fill(codes[0])
  await page.getByRole('button', { name: 'Finish' }).click()
  await expect(backHeading(page)).toBeVisible()
  await weigh('back in')
})

journey('the way back is found by keyboard alone at 320 px, on a slow line, with WebAssembly blocked', async ({
  page, context, axe, reset,
}) => {
  test.setTimeout(180_000)
  const link = await reset({ name: 'Māris Bērziņš', address: 'maris.berzins@hafenwerk.example' })
  await context.route('**/*.wasm', (route) => route.abort('blockedbyclient'))
  // A phone at the edge of a 3G cell.
  const line = await context.newCDPSession(page)
  await line.send('Network.enable')
  await line.send('Network.emulateNetworkConditions', {
    offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000,
  })
  await page.setViewportSize({ width: 320, height: 568 })
  const fits = async () => {
    const width = await page.locator('html').evaluate((html) => html.scrollWidth).catch(() => 320)
    expect(width, new URL(page.url()).pathname).toBeLessThanOrEqual(320)
    await axe()
  }

  await page.goto(link)
  await expect(page.locator('html')).not.toHaveAttribute('data-hydrated')
  await fits()
  await tabTo(page, page.getByLabel('Your password'))
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
  await expect(setUpHeading(page)).toBeVisible()
  await fits()
  await tabTo(page, page.getByLabel('The 6 digits your app shows now'))
  await page.keyboard.type('000000')
  await page.keyboard.press('Enter')
  await expect(page.getByLabel('The 6 digits your app shows now')).toHaveAttribute('aria-invalid', 'true')
  await fits()
  await tabTo(page, page.getByLabel('The 6 digits your app shows now'))
  await page.keyboard.type(totp(await secretOf(page)))
  await page.keyboard.press('Enter')
  await expect(codesHeading(page)).toBeVisible()
  await fits()
  const codes = await page.locator('ol.codes code').allTextContents()
  await tabTo(page, page.getByLabel('Type one of them back'))
  await page.keyboard.type(codes[4])
  await page.keyboard.press('Enter')
  await expect(backHeading(page)).toBeVisible()
  await fits()
})

/** Presses Tab until this has the focus, as whoever has no mouse does. */
async function tabTo(page: Page, field: Locator): Promise<void> {
  const has = () => field.evaluate((element) => element === document.activeElement)
  for (let n = 0; n < 40 && !(await has()); n++) await page.keyboard.press('Tab')
  await expect(field).toBeFocused()
}

/** The bytes of this page, heads and all, without the scripts that it works without. */
async function weight(page: Page): Promise<number> {
  const sizes: Promise<number>[] = []
  const count = (request: Request) => {
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
