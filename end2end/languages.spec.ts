import { expect, password, test, totp } from './fixtures'

// A browser set to German, for everybody here.
test.use({ locale: 'de-DE' })

test('somebody signs in and finds the way back after a reset, in German', async ({ page, context, open, axe, code, mail, confirm, signIn: signInInEnglish }) => {
  test.setTimeout(180_000)
  const [admin, user] = ['torben.asmussen@hafenwerk.example', 'joerg.boehme@hafenwerk.example']
  const html = page.locator('html')
  const signIn = async (address: string) => {
    await page.getByLabel('Adresse').fill(address)
    await page.getByLabel('Passwort', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Weiter' }).click()
    await page.getByLabel('6-stelliger Code').fill(await code(address))
    await page.getByRole('button', { name: 'Anmelden' }).click()
  }
  const choose = async (from: string, to: string) => {
    await page.locator('.languages summary', { hasText: from }).click()
    await page.locator('.languages').getByRole('button', { name: to }).click()
    await expect(page.locator('.languages summary', { hasText: to })).toBeVisible()
  }

  // What the browser asks for; what somebody chooses; and back.
  await open('/sign-in?next=%2Fsecurity')
  await expect(page.getByRole('heading', { name: 'Anmelden' })).toBeVisible()
  await expect(html).toHaveAttribute('lang', 'de')
  await axe()
  await choose('Deutsch', 'Français')
  await expect(page.getByRole('heading', { name: 'Connexion' })).toBeVisible()
  await expect(html).toHaveAttribute('lang', 'fr')
  await choose('Français', 'Deutsch')
  await signIn(user)
  await expect(page.getByRole('heading', { name: 'Meine Sicherheit' })).toBeVisible()
  await expect(page.getByText('Mit Authenticator-App angemeldet').first()).toBeVisible()
  await axe()
  await open('/security/password')
  await expect(page.getByRole('heading', { name: 'Passwort ändern' })).toBeVisible()
  await axe()
  await context.clearCookies()

  // The console speaks English, whoever reads.
  await open(`/users?q=${user}`)
  await choose('Deutsch', 'English') // other journeys find this admin in English
  await signInInEnglish(admin)
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible()
  await expect(html).toHaveAttribute('lang', 'en')
  await page.getByRole('checkbox', { name: 'Select Jörg Böhme' }).check()
  await page.getByRole('group', { name: 'Selection' }).getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
  await confirm(admin, 'Telefon verloren')

  // The mail speaks the language of whoever reads it.
  const link = (await mail(user, 'Richten Sie Ihre Anmeldung neu ein')).link('/recover/')
  await context.clearCookies()

  await open(link)
  await expect(page.getByRole('heading', { name: 'So kommen Sie wieder hinein' })).toBeVisible()
  await axe()
  await page.getByLabel('Ihr Passwort').fill(password)
  await page.getByRole('button', { name: 'Weiter' }).click()
  await expect(page.getByRole('heading', { name: 'Fügen Sie Ihren neuen Authenticator hinzu' })).toBeVisible()
  await axe()
  const secret = (await page.locator('code.key').textContent())!.replaceAll(' ', '')
  await page.getByLabel('Die 6 Ziffern, die Ihre App jetzt zeigt').fill(totp(secret))
  await page.getByRole('button', { name: 'Weiter' }).click()
  await expect(page.getByRole('heading', { name: 'Bewahren Sie diese zehn Codes auf' })).toBeVisible()
  await axe()
  // The codes are still there in another language, and back again.
  const codes = await page.locator('ol.codes code').allTextContents()
  await choose('Deutsch', 'Nederlands')
  await expect(page.getByRole('heading', { name: 'Bewaar deze tien codes' })).toBeVisible()
  expect(await page.locator('ol.codes code').allTextContents()).toEqual(codes)
  await choose('Nederlands', 'Deutsch')
  const file = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Herunterladen' }).click()
  const text = Buffer.concat(await (await (await file).createReadStream()).toArray()).toString()
  expect(text).toContain('Erstellt am ')
  await page.getByLabel('Tippen Sie einen davon ein').fill(codes[4])
  await page.getByRole('button', { name: 'Fertigstellen' }).click()
  await expect(page.getByRole('heading', { name: 'Sie sind wieder drin' })).toBeVisible()
  await expect(html).toHaveAttribute('lang', 'de')
  await axe()
})
