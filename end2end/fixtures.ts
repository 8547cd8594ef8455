import { AxeBuilder } from '@axe-core/playwright'
import { test as base, expect, type BrowserContext, type Locator, type Page } from '@playwright/test'
import { execFileSync } from 'node:child_process'
import { Demo, type Engine } from './demo'

export { expect }

/** Everybody's in the demo. */
export const password = 'nordlicht-hafenwerk'

export type Options = {
  /** What the demo keeps its data in; a project sets it. */
  engine: Engine
}

type Worker = Options & {
  demo: Demo
}

type Fixtures = {
  /** Complaints of the browser that a test expects, such as the 404 of a page that is not there. */
  expectedComplaints: RegExp[]
  /** Remembers what this browser complains of; the test fails for it in the end. */
  watch: (context: BrowserContext) => void
  /** A tab in the browser of somebody else, who keeps their page open meanwhile. */
  elsewhere: () => Promise<Page>
  /** Opens a page and, with JavaScript on, waits until WASM has taken it over. */
  open: (path: string, tab?: Page) => Promise<void>
  /** Fails on anything axe finds wrong with the page as it is now. It is a script: without JavaScript it does nothing. */
  axe: (tab?: Page) => Promise<void>
  /** The same of the page wide and light, and narrow and dark, where nothing but a table in its own card may scroll sideways. */
  fit: (tab?: Page) => Promise<void>
  /** Six digits of a demo user's authenticator that nobody has used yet. */
  code: (address: string) => Promise<string>
  /**
   * Signs in with password and code, as everybody does every day; with `digits`, with that code, and with null up to it.
   * `known` is the password of whoever has chosen another one than everybody's.
   */
  signIn: (address: string, digits?: string | null, known?: string) => Promise<void>
  /** Confirms the reviewed reset with a reason and the own code, and is left on its page. */
  confirm: (requester: string, reason: string) => Promise<void>
  /** A tab with the newest mail to an address (and of a subject), opened as a person would; waits for it to arrive. */
  mail: (address: string, subject?: string | RegExp) => Promise<Page>
  /** What a phone reads from a QR code. */
  scan: (picture: Locator) => Promise<string>
  /** From the page with the QR code to the end of the set-up; gives back the secret and the backup codes. */
  setUp: (page: Page) => Promise<{ secret: string; codes: string[] }>
}

export const test = base.extend<Fixtures, Worker>({
  engine: ['sqlite', { option: true, scope: 'worker' }],
  expectedComplaints: [[], { option: true }],

  demo: [
    async ({ engine }, use) => {
      const demo = await Demo.start(engine)
      await use(demo)
      await demo.stop()
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  baseURL: async ({ demo }, use) => use(demo.url),

  // A page that works but complains is broken: an error, a warning, a refused script, a failed hydration.
  watch: async ({ expectedComplaints }, use) => {
    const complaints: string[] = []
    await use((context) => {
      context.on('weberror', (error) => complaints.push(String(error.error())))
      context.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) {
          complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`)
        }
      })
    })
    const unexpected = complaints.filter((complaint) => !expectedComplaints.some((known) => known.test(complaint)))
    expect(unexpected, 'the browser complained').toEqual([])
  },

  context: async ({ context, watch }, use) => {
    watch(context)
    await use(context)
  },

  elsewhere: async ({ browser, watch }, use) => {
    const contexts: BrowserContext[] = []
    await use(async () => {
      // Set as the project sets its own: with or without JavaScript, and in the same language.
      const context = await browser.newContext()
      contexts.push(context)
      watch(context)
      return context.newPage()
    })
    for (const context of contexts) await context.close()
  },

  open: async ({ page, javaScriptEnabled }, use) => {
    await use(async (path, tab = page) => {
      await tab.goto(path)
      if (javaScriptEnabled) await expect(tab.locator('html[data-hydrated]')).toBeAttached()
    })
  },

  axe: async ({ page: own, javaScriptEnabled }, use) => {
    await use(async (page = own) => {
      if (!javaScriptEnabled) return
      // What is right need not be written down, and only mails are in frames: three times as quick.
      const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode().analyze()
      const found = violations.map(({ id, help, nodes }) => `${id}: ${help} at ${nodes.map((node) => node.target).join(', ')}`)
      expect(found, 'axe').toEqual([])
    })
  },

  fit: async ({ page: own, axe }, use) => {
    await use(async (page = own) => {
      const [size, path] = [page.viewportSize()!, new URL(page.url()).pathname]
      for (const [colorScheme, width] of [['dark', 375], ['light', 1280]] as const) {
        // A colour on its way from light to dark is no colour of either; and without a script nobody sees it arrive.
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        await page.setViewportSize({ width, height: 800 })
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth).catch(() => 0)
        expect(overflow, `${path} at ${width}`).toBeLessThanOrEqual(0)
        await axe(page)
      }
      await page.setViewportSize(size)
    })
  },

  code: async ({ demo }, use) => use((address) => demo.code(address)),

  signIn: async ({ page, code }, use) => {
    await use(async (address, digits, known = password) => {
      await page.getByLabel('Address').fill(address)
      await page.getByLabel('Password', { exact: true }).fill(known)
      await page.getByRole('button', { name: 'Continue' }).click()
      if (digits === null) return
      await page.getByLabel('6-digit code').fill(digits ?? (await code(address)))
      await page.getByRole('button', { name: 'Sign in' }).click()
    })
  },

  confirm: async ({ page, code }, use) => {
    await use(async (requester, reason) => {
      await expect(page.getByRole('heading', { name: 'Review before you reset' })).toBeVisible()
      await page.getByRole('textbox', { name: 'Reason' }).fill(reason)
      await page.getByRole('textbox', { name: 'Ticket' }).fill('NL-20418')
      await page.getByRole('textbox', { name: 'Your own code' }).fill(await code(requester))
      await page.getByRole('button', { name: /^Reset \d+ users?$/ }).click()
      await expect(page.getByRole('heading', { name: reason })).toBeVisible()
    })
  },

  mail: async ({ context }, use) => {
    await use(async (address, subject = '') => {
      const tab = await context.newPage()
      const newest = tab.getByRole('link').filter({ hasText: address }).filter({ hasText: subject }).first()
      await expect(async () => {
        await tab.goto('/dev/mailbox')
        await expect(newest).toBeVisible({ timeout: 500 })
      }).toPass({ timeout: 15_000 })
      await newest.click()
      await picture(context, tab)
      return tab
    })
  },

  scan: async ({}, use, testInfo) => {
    await use(async (picture) => {
      const path = testInfo.outputPath('qr.png')
      await picture.screenshot({ path })
      return execFileSync('zbarimg', ['--raw', '--quiet', path], { encoding: 'utf8' }).trim()
    })
  },

  setUp: async ({ axe, scan, javaScriptEnabled }, use) => {
    await use(async (page) => {
      await expect(setUpHeading(page)).toBeVisible()
      const picture = page.getByRole('img', { name: /QR code/ })
      if (!(await picture.isVisible())) await page.locator('summary', { hasText: 'scan' }).click()
      const secret = new URL(await scan(picture)).searchParams.get('secret')!
      // What is typed and what is scanned are the same key.
      expect((await page.locator('code.key').textContent())!.replaceAll(' ', '')).toBe(secret)
      await page.getByLabel('The 6 digits your app shows now').fill(totp(secret))
      await page.getByRole('button', { name: 'Continue' }).click()

      await expect(page.getByRole('heading', { name: 'Keep these ten codes' })).toBeVisible()
      await axe(page)
      const codes = await page.locator('ol.codes code').allTextContents()
      expect(codes).toHaveLength(10)
      const file = page.waitForEvent('download')
      await page.getByRole('link', { name: 'Download' }).click()
      const text = await (await (await file).createReadStream()).toArray()
      for (const code of codes) expect(Buffer.concat(text).toString()).toContain(code)
      if (javaScriptEnabled) await expect(page.getByRole('button', { name: 'Copy' })).toBeVisible()

      await page.getByLabel('Type one of them back').fill('0000 0000 0000 0000')
      await page.getByRole('button', { name: 'Finish' }).click()
      await expect(page.getByText('That is not one of these ten codes')).toBeVisible()
      await page.getByLabel('Type one of them back').fill(codes[6].toLowerCase())
      await page.getByRole('button', { name: 'Finish' }).click()
      return { secret, codes }
    })
  },
})

export const setUpHeading = (page: Page) => page.getByRole('heading', { name: 'Add your new authenticator' })

const pictured = new Set<string>()

/**
 * A mail as its reader sees it, of each subject once: whole on a small phone, light and dark. The pictures stay for a look.
 */
async function picture(context: BrowserContext, mailbox: Page): Promise<void> {
  const html = await context.newPage()
  await html.goto(new URL(mailbox.url()).pathname + '/html')
  const [subject, language] = [await html.title(), await html.locator('html').getAttribute('lang')]
  // A message to a phone has none.
  if (subject && !pictured.has(subject)) {
    pictured.add(subject)
    for (const [colorScheme, width] of [['dark', 320], ['light', 640]] as const) {
      await html.emulateMedia({ colorScheme })
      await html.setViewportSize({ width, height: 640 })
      const path = `target/end2end/mails/${language} ${subject.replaceAll('/', ' ')} ${colorScheme}.png`
      await html.screenshot({ path, fullPage: true })
      // As wide as the window and no wider: the picture tells without a script, too.
      const size = await html.locator('html').evaluate((element) => element.scrollWidth).catch(() => width)
      expect(size, `${subject} at ${width}`).toBeLessThanOrEqual(width)
    }
  }
  await html.close()
}

/** The six digits an authenticator app would show for a secret in Base32: now, or in so many seconds. */
export function totp(secret: string, seconds = 0): string {
  const at = new Date(Date.now() + seconds * 1000).toISOString()
  return execFileSync('oathtool', ['--totp', '--base32', '--now', at, secret], { encoding: 'utf8' }).trim()
}
