import { AxeBuilder } from '@axe-core/playwright'
import { test as base, expect, type Browser, type BrowserContext, type BrowserContextOptions, type Locator, type Page } from '@playwright/test'
import { execFileSync } from 'node:child_process'
import { Demo, type Engine } from './demo'
import type { Letter } from './sink'

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
  elsewhere: (settings?: BrowserContextOptions) => Promise<Page>
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
  /** The newest mail to an address (and of a subject), out of the mail server; waits for it to arrive. */
  mail: (address: string, subject?: string) => Promise<Letter>
  /** The code in the newest message to a phone, which is another than `before`; waits for it to arrive. */
  message: (number: string, before?: string) => Promise<string>
  /** A help desk that is signed in hears these three words from whoever this profile is of, and confirms them. */
  hearWords: (desk: string, profile: string, words: string) => Promise<void>
  /** What a phone reads from a QR code. */
  scan: (picture: Locator) => Promise<string>
  /** From the page with the QR code to the end of the set-up; gives back the secret and the backup codes. */
  setUp: (page: Page, language?: keyof typeof setUpWords) => Promise<{ secret: string; codes: string[] }>
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
    await use(async (settings) => {
      // Set as the project sets its own, but for these: with or without JavaScript, and in the same language.
      const context = await browser.newContext(settings)
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

  hearWords: async ({ page, open, code }, use) => {
    await use(async (desk, profile, words) => {
      await open(profile)
      await page.getByRole('link', { name: 'Compare three words' }).click()
      await page.getByRole('radio', { name: words }).check()
      await page.getByLabel('Your own code').fill(await code(desk))
      await page.getByRole('button', { name: 'They are the same' }).click()
      await expect(page.getByText(`Confirmed: ${words}.`)).toBeVisible()
    })
  },

  mail: async ({ browser, demo }, use) => {
    await use(async (address, subject = '') => {
      let letter!: Letter
      await expect(async () => {
        const found = (await demo.mails.newestFirst()).find((mail) => mail.to === address && mail.subject.includes(subject))
        expect(found, `a mail “${subject}” to ${address}`).toBeDefined()
        letter = found!
      }).toPass({ timeout: 15_000 })
      await picture(browser, letter)
      return letter
    })
  },

  message: async ({ demo }, use) => {
    await use(async (number, before) => {
      let digits: string | undefined
      await expect(() => {
        // As a phone finds it: at the end, after what the code is for.
        digits = demo.phones.newest(number)?.match(/#(\d{6})$/)?.[1]
        expect(digits, `a message to ${number}`).toBeDefined()
        expect(digits).not.toBe(before)
      }).toPass({ timeout: 15_000 })
      return digits!
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
    await use(async (page, language = 'en') => {
      const words = setUpWords[language]
      await expect(page.getByRole('heading', { name: words.title })).toBeVisible()
      const picture = page.getByRole('img', { name: /QR.code/i })
      if (!(await picture.isVisible())) await page.locator('summary', { hasText: words.scan }).click()
      const secret = new URL(await scan(picture)).searchParams.get('secret')!
      // What is typed and what is scanned are the same key.
      expect((await page.locator('code.key').textContent())!.replaceAll(' ', '')).toBe(secret)
      await page.getByLabel(words.digits).fill(totp(secret))
      await page.getByRole('button', { name: words.goOn }).click()

      await expect(page.getByRole('heading', { name: words.codes })).toBeVisible()
      await axe(page)
      const codes = await page.locator('ol.codes code').allTextContents()
      expect(codes).toHaveLength(10)
      const file = page.waitForEvent('download')
      await page.getByRole('link', { name: words.download }).click()
      const text = await (await (await file).createReadStream()).toArray()
      for (const code of codes) expect(Buffer.concat(text).toString()).toContain(code)
      if (javaScriptEnabled) await expect(page.getByRole('button', { name: words.copy })).toBeVisible()

      await page.getByLabel(words.typeBack).fill('0000 0000 0000 0000')
      await page.getByRole('button', { name: words.finish }).click()
      await expect(page.getByText(words.wrong)).toBeVisible()
      await page.getByLabel(words.typeBack).fill(codes[6].toLowerCase())
      await page.getByRole('button', { name: words.finish }).click()
      return { secret, codes }
    })
  },
})

/** What the pages of the set-up say, to whoever reads them in their language. */
const setUpWords = {
  en: {
    title: 'Add your new authenticator',
    scan: 'scan',
    digits: 'The 6 digits your app shows now',
    goOn: 'Continue',
    codes: 'Keep these ten codes',
    download: 'Download',
    copy: 'Copy',
    typeBack: 'Type one of them back',
    wrong: 'That is not one of these ten codes',
    finish: 'Finish',
  },
  de: {
    title: 'Fügen Sie Ihren neuen Authenticator hinzu',
    scan: 'scannen',
    digits: 'Die 6 Ziffern, die Ihre App jetzt zeigt',
    goOn: 'Weiter',
    codes: 'Bewahren Sie diese zehn Codes auf',
    download: 'Herunterladen',
    copy: 'Kopieren',
    typeBack: 'Tippen Sie einen davon ein',
    wrong: 'Das ist keiner dieser zehn Codes',
    finish: 'Fertigstellen',
  },
}

export const setUpHeading = (page: Page) => page.getByRole('heading', { name: setUpWords.en.title })

const pictured = new Set<string>()

/**
 * A mail as its reader sees it, of each subject once: whole on a small phone, light and dark, with the links of its plain text
 * and nothing that a sender could learn of. The pictures stay for a look.
 */
async function picture(browser: Browser, { subject, html, links }: Letter): Promise<void> {
  if (pictured.has(subject)) return
  // What is asked of the page below is asked by a script.
  const page = await browser.newPage({ javaScriptEnabled: true })
  try {
    await look(page, { subject, html, links })
    pictured.add(subject)
  } finally {
    await page.close()
  }
}

async function look(page: Page, { subject, html, links }: Pick<Letter, 'subject' | 'html' | 'links'>): Promise<void> {
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.setContent(html)
  const language = await page.locator('html').getAttribute('lang')
  for (const [colorScheme, width] of [['dark', 320], ['light', 640]] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 640 })
    const path = `target/end2end/mails/${language} ${subject.replaceAll('/', ' ')} ${colorScheme}.png`
    await page.screenshot({ path, fullPage: true })
    const size = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(size, `${subject} at ${width}`).toBeLessThanOrEqual(width)
  }
  const pages = await page.locator('a[href^=http]').evaluateAll((found) => found.map((link) => (link as HTMLAnchorElement).href))
  expect(new Set(pages), `links of “${subject}”`).toEqual(new Set(links))
  expect(asked, `“${subject}” asks`).toEqual([])
}

/** The six digits an authenticator app would show for a secret in Base32: now, or in so many seconds. */
export function totp(secret: string, seconds = 0): string {
  const at = new Date(Date.now() + seconds * 1000).toISOString()
  return execFileSync('oathtool', ['--totp', '--base32', '--now', at, secret], { encoding: 'utf8' }).trim()
}
