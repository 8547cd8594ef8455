import type { Page } from '@playwright/test'
import { expect, password, setUpHeading, test, totp } from './fixtures'

// Whoever has forgotten the password: with a second factor a mail is enough, and after a reset no mail is.

const chosen = 'tide over gravel and sand'
// The subject of the mail.
const passwordMail = 'Choose a new password'
const dead = 'This link no longer works'

type Person = { name: string; address: string }
type Steps = {
  /** Asks for a new password as whoever has forgotten it, and gives back what the page answers. */
  forget: (address: string) => Promise<string>
  /** A help desk signs in, resets this user from their profile, and leaves. Gives back the path of the profile. */
  reset: (desk: string, user: Person, reason: string) => Promise<string>
}

const journey = test.extend<Steps>({
  forget: async ({ page, open, fit }, use) => {
    await use(async (address) => {
      await open('/sign-in')
      await page.getByRole('link', { name: 'Forgot it?' }).click()
      await expect(page.getByRole('heading', { name: 'Forgot your password?' })).toBeVisible()
      await fit()
      await page.getByLabel('Address').fill(address)
      await page.getByRole('button', { name: 'Send the mail' }).click()
      await expect(page.getByText('If that address is known here, a mail is on its way.')).toBeVisible()
      await fit()
      return page.getByRole('main').innerText()
    })
  },

  reset: async ({ page, context, open, signIn, confirm }, use) => {
    await use(async (desk, user, reason) => {
      await open(`/users?q=${user.address}`)
      await signIn(desk)
      await page.getByRole('link', { name: user.name }).click()
      await expect(page.getByRole('heading', { name: user.name })).toBeVisible()
      const path = new URL(page.url()).pathname
      await page.getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
      await confirm(desk, reason)
      await context.clearCookies()
      return path
    })
  },
})

// A dead link is answered with 404, which the browser notes.
journey.use({ expectedComplaints: [/404 .*\/(recover|new-password)\//] })

// Nobody else's journey sets somebody of this customer up again, which takes a call once the first of these has begun.
journey.describe.serial('with a caller code and three words', () => {
  const owner = 'huda.alamoudi@alwaha.example'
  const desk = { name: 'عبد الله بن خالد الهاشمي', address: 'abdullah.alhashimi@alwaha.example' }

  journey('whoever forgot the password comes back with a code of the help desk and three words', async ({
    page, context, elsewhere, open, fit, code, mail, reset, signIn, setUp,
  }) => {
    test.setTimeout(300_000)
    const user = { name: 'Kwabena Agyei-Boahene', address: 'kwabena.agyei@alwaha.example' }

    await open('/customers')
    await signIn(owner)
    await page.getByRole('link', { name: 'مؤسسة الواحة التعليمية' }).first().click()
    await page.getByRole('link', { name: 'Policy' }).click()
    await page.getByRole('radio', { name: 'The password, or a caller code' }).check()
    await page.getByRole('checkbox', { name: 'The help desk confirms each new set-up by three words' }).check()
    await page.getByRole('button', { name: 'Review the changes' }).click()
    await expect(page.getByRole('heading', { name: 'What changes' })).toBeVisible()
    const changes = page.getByRole('main').getByRole('listitem')
    await expect(changes.filter({ hasText: 'Proof beside the link' })).toContainText('must identify them first')
    await expect(changes.filter({ hasText: 'Call-back check' })).toContainText('needs a call with your help desk')
    await fit()
    await page.getByLabel('Your own code').fill(await code(owner))
    await page.getByRole('button', { name: 'Save the policy' }).click()
    await expect(page.getByRole('status').filter({ hasText: 'The policy is saved.' })).toBeVisible()
    await context.clearCookies()
    const path = await reset(owner, user, 'Phone and password lost')

    // The user has the link and no password: there is a way on, and no other.
    const link = (await mail(user.address, 'Set up your sign-in again')).link('/recover/')
    const theirs = await elsewhere()
    await open(link, theirs)
    await expect(theirs.getByRole('heading', { name: 'Let’s get you back in' })).toBeVisible()
    await theirs.getByText('I was given a code by my help desk').click()
    await fit(theirs)
    const typed = theirs.getByLabel('The 8 digits that were read out to you')
    const handIn = theirs.getByRole('group').filter({ has: typed }).getByRole('button', { name: 'Continue' })

    // They call, and the help desk says how it knows that it is them.
    await open(path)
    await signIn(desk.address)
    await page.getByRole('link', { name: 'Make a caller code' }).click()
    await expect(page.getByRole('heading', { name: `Caller code for ${user.name}` })).toBeVisible()
    await fit()
    // What is missing is said before anybody's code is looked at: none is used up by it.
    await page.getByLabel('Your own code').fill('000000')
    await page.getByRole('button', { name: 'Make 1 code' }).click()
    await expect(page.getByText('Say how you made sure that it is them.')).toBeVisible()
    await fit()
    await page.getByRole('radio', { name: 'Called back on a number we know' }).check()
    await page.getByLabel('Your own code').fill(await code(desk.address))
    await page.getByRole('button', { name: 'Make 1 code' }).click()
    await expect(page.getByRole('heading', { name: 'Read this code out' })).toBeVisible()
    const digits = (await page.getByRole('status').filter({ hasText: /^\d{4} \d{4}$/ }).textContent())!
    await fit()
    // Shown once: neither a reload nor coming back brings it again.
    for (const again of [() => page.reload(), () => open(`${path}/caller-code`)]) {
      await again()
      await expect(page.getByRole('button', { name: 'Make 1 code' })).toBeVisible()
      await expect(page.getByText(digits)).toHaveCount(0)
    }

    await typed.fill('1234')
    await handIn.click()
    await expect(theirs.getByText('The code has 8 digits.')).toBeVisible()
    await typed.fill(digits === '0000 0000' ? '0000 0001' : '0000 0000')
    await handIn.click()
    await expect(theirs.getByText('That code is not right, or its time is over.')).toBeVisible()
    await fit(theirs)
    await typed.fill(digits)
    await handIn.click()

    await expect(theirs.getByRole('heading', { name: 'Choose a new password' })).toBeVisible()
    // The token is not left in the address, where somebody behind them could read it.
    expect(theirs.url()).not.toContain('recover')
    await fit(theirs)
    await theirs.getByLabel('Your new password').fill('password1234567')
    await theirs.getByRole('button', { name: 'Continue' }).click()
    await expect(theirs.getByText('among those that are guessed first')).toBeVisible()
    await theirs.getByLabel('Your new password').fill(chosen)
    await theirs.getByRole('button', { name: 'Continue' }).click()

    // There is nothing to set up before the help desk has heard the words, however often they go on.
    const waits = theirs.getByRole('heading', { name: 'Compare three words' })
    await expect(waits).toBeVisible()
    await fit(theirs)
    const words = (await theirs.getByLabel('Your three words').textContent())!
    expect(words.split(' ')).toHaveLength(3)
    const goOn = async () => {
      // The page is the same as before, so only its loading tells that it is the answer.
      const loaded = theirs.waitForEvent('load')
      await theirs.getByRole('link', { name: 'Continue' }).click()
      await loaded
    }
    await goOn()
    await expect(waits).toBeVisible()
    await expect(theirs.getByLabel('Your three words')).toHaveText(words)
    await expect(theirs.getByRole('img', { name: /QR code/ })).toHaveCount(0)
    await expect(theirs.locator('code.key')).toHaveCount(0)

    await open(path)
    await page.getByRole('link', { name: 'Compare three words' }).click()
    await expect(page.getByRole('heading', { name: `Three words with ${user.name}` })).toBeVisible()
    await fit()
    // Whoever did not listen confirms nothing.
    await page.getByLabel('Your own code').fill('000000')
    await page.getByRole('button', { name: 'They are the same' }).click()
    await expect(page.getByText('Nothing was confirmed.')).toBeVisible()
    await fit()
    await goOn()
    await expect(waits).toBeVisible()
    await page.getByRole('radio', { name: words }).check()
    await page.getByLabel('Your own code').fill(await code(desk.address))
    await page.getByRole('button', { name: 'They are the same' }).click()
    await expect(page.getByText(`Confirmed: ${words}.`)).toBeVisible()
    await fit()

    await goOn()
    await expect(theirs.getByText(`Your help desk saw the same words: ${words}.`)).toBeVisible()
    await fit(theirs)
    const { secret } = await setUp(theirs)
    await expect(theirs.getByRole('heading', { name: 'You are back in' })).toBeVisible()
    await open(link, theirs)
    await expect(theirs.getByRole('heading', { name: dead })).toBeVisible()

    // Both sides find it in what happened.
    await open(`${path}/activity`)
    for (const told of [
      `Caller code made by ${desk.name}`,
      'Wrong caller code at the recovery link',
      'Right caller code at the recovery link',
      `New set-up confirmed on the phone by ${desk.name}`,
      'Set up an authenticator app by recovery link',
      'New password chosen in the recovery',
      'Back in by recovery link',
    ]) {
      await expect(page.getByRole('listitem').getByText(told, { exact: true })).toHaveCount(1)
    }
    await expect(page.getByText('Identified: called back on a number we know')).toHaveCount(1)
    await fit()
    const made = await mail(user.address, 'A code for your recovery was read out')
    expect(made.text).toContain(desk.name)
    expect(made.text).not.toMatch(new RegExp(digits.replace(' ', '\\s*')))
    await mail(user.address, 'The code for your recovery was used')
    await mail(user.address, 'You have a new password')
    await mail(user.address, 'A new authenticator app signs you in')

    // The old password opens nothing; the new one is not enough; with the new authenticator it is.
    await context.clearCookies()
    await open('/security')
    await signIn(user.address, null)
    await expect(page.getByText('This address and password do not work together')).toBeVisible()
    await signIn(user.address, null, chosen)
    await page.getByLabel('6-digit code').fill(totp(secret, 30)) // the next one: the one of the set-up is used up
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
    await expect(page.getByText('New password chosen in the recovery')).toBeVisible()
  })

  journey('in German', async ({ page, elsewhere, open, fit, code, mail, hearWords, reset, signIn, setUp }) => {
    test.setTimeout(300_000)
    const user = { name: 'دلال المطيري', address: 'dalal.almutairi@alwaha.example' }
    // Her browser speaks German; nobody knows that yet when the first mail is written.
    const theirs = await elsewhere({ locale: 'de-DE' })
    const path = await reset(owner, user, 'Phone and password lost')
    const link = (await mail(user.address, 'Set up your sign-in again')).link('/recover/')
    await open(link, theirs)
    await expect(theirs.getByRole('heading', { name: 'So kommen Sie wieder hinein' })).toBeVisible()
    await theirs.getByText('Mein Helpdesk hat mir einen Code gegeben').click()
    await fit(theirs)

    await open(`${path}/caller-code`)
    await signIn(desk.address)
    await page.getByRole('radio', { name: 'Called back on a number we know' }).check()
    await page.getByLabel('Your own code').fill(await code(desk.address))
    await page.getByRole('button', { name: 'Make 1 code' }).click()
    const digits = (await page.getByRole('status').filter({ hasText: /^\d{4} \d{4}$/ }).textContent())!
    const typed = theirs.getByLabel('Die 8 Ziffern, die Ihnen vorgelesen wurden')
    const handIn = theirs.getByRole('group').filter({ has: typed }).getByRole('button', { name: 'Weiter' })
    await typed.fill('1234')
    await handIn.click()
    await expect(theirs.getByText('Der Code hat 8 Ziffern.')).toBeVisible()
    await typed.fill(digits)
    await handIn.click()
    await expect(theirs.getByRole('heading', { name: 'Wählen Sie ein neues Passwort' })).toBeVisible()
    await fit(theirs)
    await theirs.getByLabel('Ihr neues Passwort').fill(chosen)
    await theirs.getByRole('button', { name: 'Weiter' }).click()

    await expect(theirs.getByRole('heading', { name: 'Vergleichen Sie drei Wörter' })).toBeVisible()
    await fit(theirs)
    const words = (await theirs.getByLabel('Ihre drei Wörter').textContent())!
    await hearWords(desk.address, path, words)
    await theirs.getByRole('link', { name: 'Weiter' }).click()
    await expect(theirs.getByText(`Ihr Helpdesk hat dieselben Wörter gesehen: ${words}.`)).toBeVisible()
    await setUp(theirs, 'de')
    await expect(theirs.getByRole('heading', { name: 'Sie sind wieder drin' })).toBeVisible()
    await fit(theirs)
    await open(link, theirs)
    await expect(theirs.getByRole('heading', { name: 'Dieser Link funktioniert nicht mehr' })).toBeVisible()
    // From the code on her mails are in German, too.
    await mail(user.address, 'Der Code für Ihre Wiederherstellung wurde verwendet')
    await mail(user.address, 'Sie haben ein neues Passwort')
    await mail(user.address, 'Eine neue Authenticator-App gehört zu Ihrer Anmeldung')
  })
})

journey('a forgotten password never goes round the second factor', async ({ page, context, demo, open, fit, forget, mail, signIn }) => {
  test.setTimeout(180_000)
  const [user, stranger] = ['kerstin.gross@hafenwerk.example', 'kerstin.klein@hafenwerk.example']
  await open('/security')
  await signIn(user)
  await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
  const session = await context.cookies()
  await context.clearCookies()

  await open('/forgot-password')
  await page.getByLabel('Address').fill('kerstin at work')
  await page.getByRole('button', { name: 'Send the mail' }).click()
  await expect(page.getByText('That is no mail address.')).toBeVisible()
  await expect(page.getByLabel('Address')).toHaveValue('kerstin at work')
  await fit()
  const answer = await forget(stranger)
  expect(await forget(user)).toBe(answer)

  const link = (await mail(user, passwordMail)).link('/new-password/')
  // The stranger's request was answered before, by nothing.
  expect((await demo.mails.newestFirst()).map(({ to }) => to)).not.toContain(stranger)

  // Opening changes nothing, however often: whoever is signed in stays it.
  await open(link)
  await context.addCookies(session)
  await open('/security')
  await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
  await context.clearCookies()
  await open(link)
  await expect(page.getByRole('heading', { name: 'Choose a new password' })).toBeVisible()
  await expect(page.getByText('Hafenwerk Logistik')).toBeVisible()
  await fit()
  await page.getByLabel('Your new password').fill('password1234567')
  await page.getByRole('button', { name: 'Save the password' }).click()
  await expect(page.getByText('among those that are guessed first')).toBeVisible()
  await fit()
  await page.getByLabel('Your new password').fill(chosen)
  await page.getByRole('button', { name: 'Save the password' }).click()
  await expect(page.getByText('Your new password counts from now on.')).toBeVisible()
  await fit()

  // The old one opens nothing, nor does the new one alone.
  await signIn(user, null)
  await expect(page.getByText('This address and password do not work together')).toBeVisible()
  await signIn(user, null, chosen)
  await expect(page.getByRole('heading', { name: 'Enter your code' })).toBeVisible()
  await open('/security')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await signIn(user, undefined, chosen)
  await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
  await expect(page.getByText('New password chosen by mail')).toBeVisible()
  await expect(page.getByText('10 of 10 left')).toBeVisible()
  await mail(user, 'You have a new password')

  // The link has done its work, and whoever was signed in with the old password is no longer.
  await open(link)
  await expect(page.getByRole('heading', { name: dead })).toBeVisible()
  await fit()
  await context.clearCookies()
  await context.addCookies(session)
  await open('/security')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
})

journey('a mailbox alone does not open both doors', async ({ page, open, fit, forget, mail, reset, signIn }) => {
  test.setTimeout(180_000)
  const user = { name: 'Wiebke Rehder', address: 'wiebke.rehder@hafenwerk.example' }

  // Whoever reads her mail chooses a password there, and keeps a second link for later.
  await forget(user.address)
  const first = (await mail(user.address, passwordMail)).link('/new-password/')
  await open(first)
  await page.getByLabel('Your new password').fill(chosen)
  await page.getByRole('button', { name: 'Save the password' }).click()
  await expect(page.getByText('Your new password counts from now on.')).toBeVisible()
  await mail(user.address, 'You have a new password')
  await forget(user.address)
  let second = first
  await expect(async () => {
    second = (await mail(user.address, passwordMail)).link('/new-password/')
    expect(second).not.toBe(first)
  }).toPass({ timeout: 15_000 })
  await open(second)
  await expect(page.getByRole('heading', { name: 'Choose a new password' })).toBeVisible()

  await reset('malgorzata.brzeczyszczykiewicz@hafenwerk.example', user, 'Lost the phone')

  // The recovery link comes into the same mailbox, and takes no password that came from there.
  const recovery = (await mail(user.address, 'Set up your sign-in again')).link('/recover/')
  await open(second)
  await expect(page.getByRole('heading', { name: dead })).toBeVisible()
  await open(recovery)
  await page.getByLabel('Your password').fill(chosen)
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByText('This password does not count here yet.')).toBeVisible()
  await expect(setUpHeading(page)).toHaveCount(0)
  await fit()
  await open('/sign-in')
  await signIn(user.address, null, chosen)
  await expect(page.getByRole('heading', { name: 'The way back in is in your mailbox' })).toBeVisible()
  await fit()

  // Nor is there a new one to be had: the answer on the page is the same, and the mail has no link.
  await forget(user.address)
  const help = await mail(user.address, 'Your help desk can help with your password')
  expect(help.text).toContain('Call your help desk.')
  expect(help.text).not.toMatch(/\/(new-password|recover|set-up)/)
})

test.describe('in German', () => {
  test.use({ locale: 'de-DE' })

  test('a forgotten password is replaced, and the second factor stays', async ({ page, context, open, fit, code, mail }) => {
    const user = 'uwe.juergensen@hafenwerk.example'
    const begin = async (known: string) => {
      await page.getByLabel('Adresse').fill(user)
      await page.getByLabel('Passwort', { exact: true }).fill(known)
      await page.getByRole('button', { name: 'Weiter' }).click()
    }
    const finish = async () => {
      await page.getByLabel('6-stelliger Code').fill(await code(user))
      await page.getByRole('button', { name: 'Anmelden' }).click()
      await expect(page.getByRole('heading', { name: 'Meine Sicherheit' })).toBeVisible()
    }
    // His language is known since he signed in: the mail speaks it, too.
    await open('/security')
    await begin(password)
    await finish()
    await context.clearCookies()

    await open('/sign-in?next=%2Fsecurity')
    await page.getByRole('link', { name: 'Vergessen?' }).click()
    await expect(page.getByRole('heading', { name: 'Passwort vergessen?' })).toBeVisible()
    await expect(page.locator('html')).toHaveAttribute('lang', 'de')
    await fit()
    await page.getByLabel('Adresse').fill(user)
    await page.getByRole('button', { name: 'E-Mail senden' }).click()
    await expect(page.getByText('Ist diese Adresse hier bekannt, ist eine E-Mail unterwegs.')).toBeVisible()
    await fit()

    const link = (await mail(user, 'Wählen Sie ein neues Passwort')).link('/new-password/')
    await open(link)
    await expect(page.getByRole('heading', { name: 'Neues Passwort wählen' })).toBeVisible()
    await fit()
    await page.getByLabel('Ihr neues Passwort').fill('kurz')
    await page.getByRole('button', { name: 'Passwort speichern' }).click()
    await expect(page.getByText(/Ein Passwort hat mindestens \d+ Zeichen/)).toBeVisible()
    await page.getByLabel('Ihr neues Passwort').fill(chosen)
    await page.getByRole('button', { name: 'Passwort speichern' }).click()
    await expect(page.getByText('Ihr neues Passwort gilt ab jetzt.')).toBeVisible()
    await fit()
    await begin(password)
    await expect(page.getByText('Diese Adresse und dieses Passwort gehören nicht zusammen.')).toBeVisible()
    await open('/security')
    await begin(chosen)
    await expect(page.getByRole('heading', { name: 'Geben Sie Ihren Code ein' })).toBeVisible()
    await finish()
    await mail(user, 'Sie haben ein neues Passwort')
  })
})
