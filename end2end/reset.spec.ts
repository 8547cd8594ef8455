import { expect, password, setUpHeading, test, totp } from './fixtures'

type Steps = {
  /** The owner resets one user and is left on the page of the reset. */
  reset: (owner: string, user: { name: string; address: string }) => Promise<void>
}

const journey = test.extend<Steps>({
  reset: async ({ page, open, axe, code, signIn, confirm }, use) => {
    await use(async (owner, { name, address }) => {
      await open('/users')
      await signIn(owner)
      await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible()
      await axe()
      await page.getByRole('searchbox').fill(address)
      await page.getByRole('searchbox').press('Enter')
      await expect(page.getByText(/^1 of \d+ people$/)).toBeVisible()
      // The box is drawn over its own tick: people press what they see.
      await page.getByRole('checkbox', { name: `Select ${name}` }).check()
      await page.getByRole('group', { name: 'Selection' }).getByRole('button', { name: 'Reset all multi-factor authentications' }).click()

      await expect(page.getByRole('heading', { name: 'Review before you reset' })).toBeVisible()
      await expect(page.getByRole('link', { name })).toBeVisible()
      await axe()
      await page.getByRole('textbox', { name: 'Ticket' }).fill('NL-20418')
      await page.getByRole('textbox', { name: 'Your own code' }).fill(await code(owner))
      await page.getByRole('button', { name: 'Reset 1 user' }).click()
      // Refused, and nothing typed is lost but the code.
      await expect(page.getByText('Say in a few words why')).toBeVisible()
      await expect(page.getByRole('textbox', { name: 'Ticket' })).toHaveValue('NL-20418')
      await confirm(owner, 'Lost the phone on a train')
      await expect(page.getByText('0 of 1 person is back')).toBeVisible()
      await axe()
    })
  },
})

// A dead link is answered with 404, which the browser notes.
journey.use({ expectedComplaints: [/404 .*\/recover\//] })

const resetMail = 'Set up your sign-in again'

journey('an owner resets a user, who follows the mail and is back @everywhere', async ({ page, context, open, axe, fit, code, mail, signIn, reset, setUp }) => {
  test.setTimeout(180_000)
  const user = { name: 'Siobhán O’Donoghue', address: 'siobhan.odonoghue@hafenwerk.example' }
  const old = await code(user.address)
  await reset('henrike.lueders@hafenwerk.example', user)
  const board = page.url()

  const link = (await mail(user.address, resetMail)).link('/recover/')
  await context.clearCookies()

  // Opening changes nothing, however often.
  await open(link)
  await open(link)
  await expect(page.getByRole('heading', { name: 'Let’s get you back in' })).toBeVisible()
  await expect(page.getByText('Hafenwerk Logistik')).toBeVisible()
  await axe()
  await page.getByLabel('Your password').fill('not my password')
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByText('That is not your password')).toBeVisible()
  await page.getByLabel('Your password').fill(password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(setUpHeading(page)).toBeVisible()
  await axe()
  const { secret, codes } = await setUp(page)
  await expect(page.getByRole('heading', { name: 'You are back in' })).toBeVisible()
  await expect(page.getByText('Deleted 1 authenticator app and 10 backup codes.')).toBeVisible()
  await fit()
  // It is still there when it is loaded again, and going back leads nowhere else.
  await open('/set-up/codes')
  await expect(page.getByRole('heading', { name: 'You are back in' })).toBeVisible()

  // The link has done its work.
  await open(link)
  await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeVisible()
  await axe()

  // The old code is dead, the new one works, and the first one is not taken twice.
  await open('/sign-in')
  await signIn(user.address, old)
  await expect(page.getByText('That code is not right')).toBeVisible()
  await axe()
  await page.getByRole('link', { name: 'Use a backup code' }).click()
  await page.getByLabel('Backup code').fill(codes[0])
  await page.getByRole('button', { name: 'Sign in' }).click()
  // Whoever looks after nobody but themself is led to what is theirs, in their language.
  await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
  await expect(page.getByText('9 of 10 left')).toBeVisible()
  await axe()
  expect(totp(secret)).toHaveLength(6)

  // The owner sees who is back, and the audit says how.
  await context.clearCookies()
  await open(board)
  await signIn('torben.asmussen@hafenwerk.example')
  await expect(page.getByText('1 of 1 person is back')).toBeVisible()
  await open('/audit')
  await expect(page.getByText('Backup code used').first()).toBeVisible()
  await expect(page.getByText('Authenticator added').first()).toBeVisible()
  await axe()
})

journey('a user who signs in before following the mail sets up there, and the link is dead', async ({
  page, context, demo, open, axe, fit, mail, signIn, reset, setUp,
}) => {
  test.setTimeout(180_000)
  const user = { name: 'João Gonçalves da Conceição', address: 'joao.conceicao@saobento.example' }
  await reset('beatriz.guimaraes@saobento.example', user)
  const link = (await mail(user.address, resetMail)).link('/recover/')
  await context.clearCookies()

  await open('/sign-in')
  await signIn(user.address, null)
  await expect(setUpHeading(page)).toBeVisible()
  await axe()
  // Neither going back nor beginning again leads around the set-up.
  await open('/users')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  demo.older(user.address, 25 * 60)
  await signIn(user.address, null)
  // Whoever came too late learns so, and need not mind; or asks for help, once an hour.
  await expect(page.getByText('That link has run out. You do not need it')).toBeVisible()
  await fit()
  await page.getByRole('button', { name: 'Ask my administrators for help' }).click()
  await expect(page.getByText('Your administrators were asked.', { exact: true })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Ask my administrators for help' })).toHaveCount(0)
  await fit()
  await setUp(page)
  // Set up at sign-in: signed in.
  await expect(page.getByRole('heading', { name: 'You are back in' })).toBeVisible()
  await expect(page.getByText(/Deleted 1 authenticator app and \d backup codes\./)).toBeVisible()
  await axe()
  await page.getByRole('link', { name: 'Continue' }).click()
  await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
  await expect(page.getByText('10 of 10 left')).toBeVisible()

  await open(link)
  await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeVisible()
  // As that page says: after the password one learns what became of it.
  await context.clearCookies()
  await open('/sign-in')
  await signIn(user.address, null)
  await page.getByText('Did a recovery link not work?').click()
  await expect(page.getByText('a new authenticator was set up at sign-in')).toBeVisible()
  await fit()
})

journey('in German, too, the link is dead once its user has set up at sign-in', async ({ elsewhere, open, fit, mail, reset, setUp }) => {
  test.setTimeout(180_000)
  const user = { name: 'Bárbara Leão', address: 'barbara.leao@saobento.example' }
  const theirs = await elsewhere({ locale: 'de-DE' })
  await reset('beatriz.guimaraes@saobento.example', user)
  const link = (await mail(user.address, resetMail)).link('/recover/')
  await open('/sign-in', theirs)
  await theirs.getByLabel('Adresse').fill(user.address)
  await theirs.getByLabel('Passwort', { exact: true }).fill(password)
  await theirs.getByRole('button', { name: 'Weiter' }).click()
  await setUp(theirs, 'de')
  await expect(theirs.getByRole('heading', { name: 'Sie sind wieder drin' })).toBeVisible()
  await expect(theirs.getByText('Gelöscht: 1 Authenticator-App und 10 Backup-Codes.')).toBeVisible()
  await fit(theirs)
  await theirs.getByRole('link', { name: 'Weiter' }).click()
  await expect(theirs.getByRole('heading', { name: 'Meine Sicherheit' })).toBeVisible()
  await expect(theirs.getByText('10 von 10 übrig')).toBeVisible()
  await open(link, theirs)
  await expect(theirs.getByRole('heading', { name: 'Dieser Link funktioniert nicht mehr' })).toBeVisible()
  await fit(theirs)
  await theirs.context().clearCookies()
  await theirs.getByRole('link', { name: 'Anmelden' }).click()
  await theirs.getByLabel('Adresse').fill(user.address)
  await theirs.getByLabel('Passwort', { exact: true }).fill(password)
  await theirs.getByRole('button', { name: 'Weiter' }).click()
  await theirs.getByText('Hat ein Wiederherstellungslink nicht funktioniert?').click()
  await expect(theirs.getByText('Ein neuer Authenticator wurde bei der Anmeldung eingerichtet')).toBeVisible()
  await theirs.getByRole('button', { name: 'Meine Administratoren um Hilfe bitten' }).click()
  await expect(theirs.getByText('Ihre Administratoren sind gefragt.', { exact: true })).toBeVisible()
  await fit(theirs)
  // From now on her mails are in German, too.
  await mail(user.address, 'Eine neue Authenticator-App gehört zu Ihrer Anmeldung')
})

journey('nobody gets in by guessing, nor by a link that was never sent', async ({ page, open, axe, signIn }) => {
  await open('/recover/made-up.token')
  await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeVisible()
  await open('/sign-in?next=//evil.example/')
  await axe()
  await page.getByLabel('Address').fill('nobody@hafenwerk.example')
  await page.getByLabel('Password', { exact: true }).fill('whatever it is')
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByText('This address and password do not work together')).toBeVisible()
  await expect(page.getByLabel('Address')).toHaveValue('nobody@hafenwerk.example')
  await open('/sign-in?next=//evil.example/')
  await signIn('rasmus.kjaergaard@hafenwerk.example')
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible()
  // An auditor looks and does not touch.
  await expect(page.getByRole('checkbox', { name: /does not reset/ }).first()).toBeDisabled()
})
