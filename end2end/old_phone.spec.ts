import type { CDPSession, Locator, Page, Request } from '@playwright/test'
import { expect, password, test, totp } from './fixtures'
import type { Letter } from './sink'

// The way back in on the worst day: an old phone, a bad line, nothing cached, no mouse, and scripts that never arrive. Every
// page that comes is weighed, and looked at as narrow as it is there.

type Steps = {
  /** The one who wants back in; the admins are elsewhere, with a better line. */
  phone: Phone
  /** An admin, who signs in if need be, resets this user, and leaves. Gives back the path of the profile. */
  reset: (admin: string, user: Person) => Promise<string>
  /** The newest mail about a reset, once its link is another than this one. */
  recovery: (user: Person, before?: string) => Promise<Letter>
}

type Person = { name: string; address: string }

const resetAll = 'Reset all multi-factor authentications'
const chosen = 'tide over gravel and sand'

const journey = test.extend<Steps>({
  phone: async ({ elsewhere, axe }, use) => use(await Phone.on(await elsewhere(), axe)),

  reset: async ({ page, context, open, signIn, confirm }, use) => {
    await use(async (admin, user) => {
      const isIn = (await context.cookies()).length > 0
      await open(`/users?q=${user.address}`)
      if (!isIn) await signIn(admin)
      await page.getByRole('link', { name: user.name }).click()
      await expect(page.getByRole('heading', { name: user.name })).toBeVisible()
      const path = new URL(page.url()).pathname
      await page.getByRole('button', { name: resetAll }).click()
      await confirm(admin, 'Old phone, bad line')
      await context.clearCookies()
      return path
    })
  },

  recovery: async ({ mail }, use) => {
    await use(async (user, before) => {
      let letter!: Letter
      await expect(async () => {
        letter = await mail(user.address, 'Set up your sign-in again')
        expect(letter.link('/recover/')).not.toBe(before)
      }).toPass({ timeout: 15_000 })
      return letter
    })
  },
})

// Whoever blocks a script is told so by the browser, and so is whoever opens a dead link.
journey.use({
  expectedComplaints: [/ERR_BLOCKED_BY_CLIENT|Failed to fetch|404 .*\/(recover|new-password|not-me|address)\//],
})

/** Somebody with an old phone at the edge of a 3G cell, who has a keyboard and no mouse, and blocks WebAssembly. */
class Phone {
  static async on(page: Page, axe: (tab: Page) => Promise<void>): Promise<Phone> {
    await page.context().route('**/*.wasm', (route) => route.abort('blockedbyclient'))
    const line = await page.context().newCDPSession(page)
    await line.send('Network.enable')
    await line.send('Network.emulateNetworkConditions', {
      offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000,
    })
    await page.setViewportSize({ width: 320, height: 568 })
    return new Phone(page, line, axe)
  }

  private constructor(
    readonly page: Page,
    private readonly line: CDPSession,
    private readonly axe: (tab: Page) => Promise<void>,
  ) {}

  /** Opens an address, which brings the page with this heading. */
  async open(path: string, heading: string): Promise<void> {
    await this.comes(heading, () => this.page.goto(path))
  }

  /** Presses a link or a button, which brings the page with this heading. */
  async press(role: 'link' | 'button', name: string, heading: string): Promise<void> {
    await this.enter(this.page.getByRole(role, { name, exact: true }), heading)
  }

  /** Types into a field, and over what is in it; with a heading, hands it in, which brings that page. */
  async type(label: string, text: string, heading?: string): Promise<void> {
    const field = this.page.getByLabel(label, { exact: true })
    await this.tabTo(field)
    await this.page.keyboard.press('ControlOrMeta+a')
    await this.page.keyboard.type(text)
    if (heading) await this.comes(heading, () => this.page.keyboard.press('Enter'))
  }

  /** Hands in what was typed by the button beside this field, which brings the page with this heading. */
  async handIn(label: string, button: string, heading: string): Promise<void> {
    const form = this.page.locator('form').filter({ has: this.page.getByLabel(label, { exact: true }) })
    await this.enter(form.getByRole('button', { name: button, exact: true }), heading)
  }

  /** Unfolds what is said in a few words. */
  async unfold(words: string): Promise<void> {
    const fold = this.page.locator('details').filter({ has: this.page.locator('summary', { hasText: words }) })
    await expect(fold).not.toHaveAttribute('open')
    await this.tabTo(fold.locator('summary'))
    await this.page.keyboard.press('Enter')
    await expect(fold).toHaveAttribute('open')
    await this.look()
  }

  /** Signs in with the password, which brings the page with this heading. */
  async signIn(address: string, known: string, heading: string): Promise<void> {
    await this.type('Address', address)
    await this.type('Password', known, heading)
  }

  /** Finds this said. */
  async reads(text: string): Promise<void> {
    await expect(this.page.getByText(text)).toBeVisible()
  }

  /** Presses Tab until this has the focus, and is seen. */
  async tabTo(target: Locator): Promise<void> {
    const has = () => target.evaluate((element) => element === document.activeElement)
    for (let n = 0; n < 40 && !(await has()); n++) await this.page.keyboard.press('Tab')
    await expect(target).toBeFocused()
    await expect(target).toBeInViewport()
  }

  private async enter(target: Locator, heading: string): Promise<void> {
    await this.tabTo(target)
    await this.comes(heading, () => this.page.keyboard.press('Enter'))
  }

  /** A page comes, and weighs heads and all; only the scripts that it works without do not count. */
  private async comes(heading: string, bring: () => Promise<unknown>): Promise<void> {
    const requests: Request[] = []
    const note = (request: Request) => {
      if (['document', 'stylesheet', 'image', 'font'].includes(request.resourceType())) requests.push(request)
    }
    await this.line.send('Network.clearBrowserCache')
    this.page.on('request', note)
    const loaded = this.page.waitForEvent('load', { timeout: 30_000 })
    await bring()
    await loaded
    this.page.off('request', note)
    await expect(this.page.getByRole('heading', { name: heading, level: 1, exact: true })).toBeVisible()
    const sizes = await Promise.all(requests.filter((request) => !request.redirectedTo()).map((request) => request.sizes()))
    const bytes = sizes.reduce((sum, size) => sum + size.responseHeadersSize + size.responseBodySize, 0)
    const path = new URL(this.page.url()).pathname.replace(/(recover|new-password|not-me|address|undo)\/[^/]{9,}/, '$1/…')
    test.info().annotations.push({ type: 'bytes', description: `${path} ${heading}: ${bytes}` })
    expect.soft(bytes, `${path} ${heading}`).toBeLessThanOrEqual(20_000)
    await this.look()
  }

  private async look(): Promise<void> {
    await expect(this.page.locator('html')).not.toHaveAttribute('data-hydrated')
    // In a script that runs from right to left, too, whatever the words are.
    for (const direction of ['rtl', 'ltr']) {
      const width = await this.page.evaluate((dir) => {
        document.documentElement.dir = dir
        return document.documentElement.scrollWidth
      }, direction)
      expect(width, `${this.page.url()} ${direction}`).toBeLessThanOrEqual(320)
    }
    await this.axe(this.page)
  }
}

const signInTitle = 'Sign in'
const linkTitle = 'Let’s get you back in'
const setUpTitle = 'Add your new authenticator'
const codesTitle = 'Keep these ten codes'
const backTitle = 'You are back in'
const deadTitle = 'This link no longer works'
const mailboxTitle = 'The way back in is in your mailbox'

journey('whoever signs in too early, follows the mail and sets up is back, with an old phone', async ({
  phone, reset, recovery,
}) => {
  test.setTimeout(180_000)
  const user = { name: 'Māris Bērziņš', address: 'maris.berzins@hafenwerk.example' }
  await reset('ines.marchetti@nordlicht.example', user)
  const link = (await recovery(user)).link('/recover/')

  // The password alone leads to the set-up, too, which says what about the link, and where there is help.
  await phone.open('/sign-in', signInTitle)
  await phone.unfold('Trouble signing in')
  await phone.signIn(user.address, 'not my password', signInTitle)
  await phone.reads('This address and password do not work together')
  await phone.signIn(user.address, password, setUpTitle)
  await phone.press('button', 'Ask my administrators for help', setUpTitle)
  await phone.reads('Your administrators were asked.')

  await phone.open(link, linkTitle)
  await phone.unfold('I forgot my password')
  await phone.type('Your password', 'not my password', linkTitle)
  await phone.reads('That is not your password')
  await phone.type('Your password', password, setUpTitle)
  const secret = (await phone.page.locator('code.key').textContent())!.replaceAll(' ', '')
  await phone.unfold('scan')
  await expect(phone.page.getByRole('img', { name: /QR code/ })).toBeVisible()
  await phone.type('The 6 digits your app shows now', '000000', setUpTitle)
  await expect(phone.page.getByLabel('The 6 digits your app shows now')).toHaveAttribute('aria-invalid', 'true')
  await phone.type('The 6 digits your app shows now', totp(secret), codesTitle)

  const codes = await phone.page.locator('ol.codes code').allTextContents()
  await phone.tabTo(phone.page.getByRole('link', { name: 'Download' }))
  const file = phone.page.waitForEvent('download')
  await phone.page.keyboard.press('Enter')
  expect((await file).suggestedFilename()).toBe('rekey-backup-codes.txt')
  await phone.press('link', 'Print', 'Backup codes')
  expect(await phone.page.locator('ol.codes code').allTextContents()).toEqual(codes)
  await phone.press('link', 'Back to your codes', codesTitle)
  await phone.type('Type one of them back', '0000 0000 0000 0000', codesTitle)
  await phone.reads('That is not one of these ten codes')
  await phone.type('Type one of them back', codes[4], backTitle)

  // The link has done its work, which a sign-in says.
  await phone.open(link, deadTitle)
  await phone.press('link', 'Sign in', signInTitle)
  await phone.signIn(user.address, password, 'Enter your code')
  await phone.unfold('Did a recovery link not work?')
})

journey('whoever forgot the password and comes too late asks again and for help, with an old phone', async ({
  demo, phone, reset, recovery, mail,
}) => {
  test.setTimeout(180_000)
  const user = { name: 'Ilka Sørensen', address: 'ilka.sorensen@hafenwerk.example' }
  const [forgotTitle, chooseTitle] = ['Forgot your password?', 'Choose a new password']
  await phone.open('/sign-in', signInTitle)
  await phone.press('link', 'Forgot it?', forgotTitle)
  await phone.type('Address', 'ilka at work', forgotTitle)
  await phone.reads('That is no mail address.')
  await phone.type('Address', user.address, forgotTitle)
  await phone.reads('If that address is known here, a mail is on its way.')
  const link = (await mail(user.address, chooseTitle)).link('/new-password/')
  await phone.open(link, chooseTitle)
  await phone.type('Your new password', 'password1234567', chooseTitle)
  await phone.reads('among those that are guessed first')
  await phone.type('Your new password', chosen, signInTitle)
  await phone.reads('Your new password counts from now on.')
  await phone.open(link, deadTitle)

  // What came by mail does not open what comes by mail: now it takes the link.
  await reset('malgorzata.brzeczyszczykiewicz@hafenwerk.example', user)
  const recover = (await recovery(user)).link('/recover/')
  await phone.open(recover, linkTitle)
  await phone.type('Your password', chosen, linkTitle)
  await phone.reads('This password does not count here yet.')
  demo.older(user.address, 25 * 60)
  await phone.open('/sign-in', signInTitle)
  await phone.signIn(user.address, chosen, mailboxTitle)
  await phone.reads('That link has run out.')
  await phone.press('button', 'Send the link again', mailboxTitle)
  await phone.reads('A new link is on its way.')
  await recovery(user, recover)
  await phone.press('button', 'Ask my administrators for help', mailboxTitle)
  await phone.reads('Your administrators were asked.')
  await phone.press('link', 'Back to sign-in', signInTitle)
})

journey('whoever was not them comes back with a caller code and three words, with an old phone', async ({
  page, context, demo, open, code, phone, reset, recovery, hearWords, confirm, signIn,
}) => {
  test.setTimeout(240_000)
  const user = { name: 'Célia Falcão', address: 'celia.falcao@saobento.example' }
  const [owner, desk] = ['beatriz.guimaraes@saobento.example', 'otavio.brandao@saobento.example']
  await open('/customers')
  await signIn(owner)
  await page.getByRole('link', { name: 'São Bento' }).first().click()
  await page.getByRole('link', { name: 'Policy' }).click()
  await page.getByRole('radio', { name: 'The password, or a caller code' }).check()
  await page.getByRole('button', { name: 'Review the changes' }).click()
  await page.getByLabel('Your own code').fill(await code(owner))
  await page.getByRole('button', { name: 'Save the policy' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'The policy is saved.' })).toBeVisible()
  const profile = await reset(owner, user)

  const letter = await recovery(user)
  const [notMe, first] = [letter.link('/not-me/'), letter.link('/recover/')]
  await phone.open(notMe, 'This was not you?')
  await phone.press('button', 'This was not me: freeze my account', 'Your account is frozen')
  await phone.reads('Nobody gets in any more.')
  await phone.open('/not-me/made-up.token', deadTitle)
  await phone.press('link', 'Sign in', signInTitle)
  await phone.signIn(user.address, password, 'Your account is frozen')
  await phone.press('link', 'Back to sign-in', signInTitle)

  demo.older(user.address, 30)
  await open(profile)
  await signIn(desk)
  await page.getByRole('button', { name: resetAll }).click()
  await confirm(desk, 'Spoke with her')
  const second = (await recovery(user, first)).link('/recover/')
  await open(`${profile}/caller-code`)
  await page.getByRole('radio', { name: 'Called back on a number we know' }).check()
  await page.getByLabel('Your own code').fill(await code(desk))
  await page.getByRole('button', { name: 'Make 1 code' }).click()
  const digits = (await page.getByRole('status').filter({ hasText: /^\d{4} \d{4}$/ }).textContent())!

  await phone.open(second, linkTitle)
  await phone.unfold('I was given a code by my help desk')
  const field = 'The 8 digits that were read out to you'
  await phone.type(field, '1234')
  await phone.handIn(field, 'Continue', linkTitle)
  await phone.reads('The code has 8 digits.')
  await phone.type(field, digits, 'Choose a new password')
  await phone.type('Your new password', 'password1234567', 'Choose a new password')
  await phone.reads('among those that are guessed first')
  await phone.type('Your new password', chosen, 'Compare three words')
  await phone.press('link', 'Continue', 'Compare three words')
  const words = (await phone.page.getByLabel('Your three words').textContent())!
  await hearWords(desk, profile, words)
  await phone.press('link', 'Continue', setUpTitle)
  await phone.reads(`Your help desk saw the same words: ${words}.`)
})

journey('a changed address is confirmed and undone, and a second one confirmed, with an old phone', async ({
  page, open, code, mail, phone, signIn,
}) => {
  test.setTimeout(180_000)
  const user = 'jiri.kucera@hafenwerk.example'
  const ask = async (place: string, address: string) => {
    await open(place)
    await page.getByLabel('New address').fill(address)
    await page.getByLabel('Your own code').fill(await code(user))
    await page.getByRole('button', { name: 'Send the link' }).click()
    await expect(page.getByText('A mail is on its way to that address.')).toBeVisible()
    return (await mail(address, 'Confirm this address')).link('/address/')
  }
  const confirmTitle = 'Confirm this address'
  await open('/security')
  await signIn(user)
  await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
  await phone.open(await ask('/security/second-address', 'jiri@doma.example'), confirmTitle)
  await phone.press('button', 'Confirm the address', 'The address is confirmed')
  const link = await ask('/security/address', 'jiri@nova.example')
  await phone.open(link, confirmTitle)
  await phone.press('button', 'Confirm the address', 'The address is confirmed')
  await phone.open(link, deadTitle)
  const undo = (await mail(user, 'This address no longer belongs to your account')).link('/address/undo/')
  await phone.open(undo, 'Undo the change of address')
  await phone.press('button', 'Undo the change', 'Your address is back')
  await phone.press('link', 'Forgot your password?', 'Forgot your password?')
  await phone.open(undo, deadTitle)
})
