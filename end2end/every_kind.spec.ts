import { expect, test, totp } from './fixtures'
import { execFileSync } from 'node:child_process'

// Somebody with one of each kind is reset, and every one of them is refused.

test('whoever has every kind of method loses every one of them in a reset @wasm', async ({ page, open, axe, code, confirm, mail, message, signIn, setUp }) => {
  test.setTimeout(150_000)
  const [user, name] = ['eimear.nidhomhnaill@hafenwerk.example', 'Eimear Ní Dhomhnaill']
  const admin = 'malgorzata.brzeczyszczykiewicz@hafenwerk.example'
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'usb', hasResidentKey: false, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  })
  const leave = () => page.context().clearCookies({ name: 'rekey' })

  // A token of the vendor's file is theirs.
  const [serial, tokenKey] = ['55500123', 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP']
  await open('/tokens/import')
  await signIn(admin)
  await expect(page.getByLabel('The vendor’s file')).toBeVisible()
  const file = `upn,serial number,secret key,time interval,manufacturer,model\r\n${user},${serial},${tokenKey},30,Acme,Fob\r\n`
  await page.getByLabel('The vendor’s file').setInputFiles({ name: 'tokens.csv', mimeType: 'text/csv', buffer: Buffer.from(file) })
  await page.getByRole('button', { name: 'Look at it first' }).click()
  await expect(page.getByText(`Given to ${name}`)).toBeVisible()
  await page.getByLabel('Your own code').fill(await code(admin))
  await page.getByRole('button', { name: 'Import 1 token' }).click()
  await expect(page.getByRole('heading', { name: '1 token' })).toBeVisible()
  await mail(user, 'hardware token')
  await leave()

  // A passkey, which then proves who asks for the rest: a second app, a phone, the token, and codes on paper.
  await open('/security')
  await signIn(user)
  await page.getByRole('link', { name: 'Add a passkey' }).click()
  await page.getByLabel('Your own code').fill(await code(user))
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('What you call it').fill('Blue key')
  await page.getByRole('button', { name: 'Make the passkey' }).click()
  await expect(page.getByText('Passkey added.')).toBeVisible()
  const prove = async () => {
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await expect(page.getByText('Your passkey answered.')).toBeVisible()
  }

  await page.getByRole('link', { name: 'Add an authenticator app' }).click()
  await prove()
  await page.getByRole('button', { name: 'Continue' }).click()
  const appKey = (await page.locator('code.key').textContent())!.replaceAll(' ', '')
  await page.getByLabel('The 6 digits your app shows now').fill(totp(appKey))
  await page.getByLabel('What you call it').fill('Tablet')
  await page.getByRole('button', { name: 'Add it' }).click()
  await expect(page.getByText('Authenticator app added.')).toBeVisible()

  await page.getByRole('link', { name: 'Add a phone number' }).click()
  await prove()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Mobile number').fill('+49 171 3920078')
  await page.getByRole('button', { name: 'Send the code' }).click()
  await expect(page.getByText('A code is on its way to')).toBeVisible()
  await page.getByLabel('6-digit code').fill(await message('+491713920078'))
  await page.getByRole('button', { name: 'Add it' }).click()
  await expect(page.getByText('Phone number added.')).toBeVisible()

  await page.getByRole('link', { name: 'Activate it' }).click()
  await expect(page.getByRole('heading', { name: 'Activate your hardware token' })).toBeVisible()
  await axe()
  await page.getByLabel('The 6 digits the token shows now').fill(totp(tokenKey))
  await prove()
  await page.getByRole('button', { name: 'Activate the token' }).click()
  await expect(page.getByRole('cell', { name: new RegExp(`^${serial}`) })).toBeVisible()

  await page.getByRole('link', { name: 'Make new codes' }).click()
  await prove()
  await page.getByRole('button', { name: 'Make new codes' }).click()
  await expect(page.getByRole('heading', { name: 'Keep these ten codes' })).toBeVisible()
  const onPaper = await page.locator('ol.codes code').allTextContents()
  await page.getByLabel('Type one of them back').fill(onPaper[0])
  await page.getByRole('button', { name: 'Finish' }).click()
  await expect(page.getByText('10 of 10 left')).toBeVisible()
  await leave()

  // And a device on which nothing is asked any more.
  await open('/security')
  await signIn(user, null)
  await page.getByLabel('Do not ask again on this device for 30 days').check()
  await page.getByRole('button', { name: 'Use your passkey' }).click()
  await expect(page.getByRole('heading', { name: 'Trusted devices' })).toBeVisible()
  await axe()
  await leave()
  await open('/security')
  await signIn(user, null)
  await expect(page.getByText('Signed in with the password on a trusted device').first()).toBeVisible()
  await leave()

  // The list has all of them, kind by kind.
  await open('/methods?q=eimear')
  await signIn(admin)
  await expect(page.getByRole('row').filter({ hasText: name })).toHaveCount(5)
  for (const [kind, count] of [['authenticator_app', 2], ['passkey', 1], ['hardware_token', 1], ['phone', 1]] as const) {
    await open(`/methods?q=eimear&kind=${kind}`)
    await expect(page.getByRole('row').filter({ hasText: name }), kind).toHaveCount(count)
  }

  // The review says exactly what goes.
  await open('/users?q=eimear')
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name }) })
  await row.locator('summary').click()
  await row.getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
  for (const [what, count] of [
    ['Authenticator apps', 2],
    ['Passkeys and security keys', 1],
    ['Phone numbers', 1],
    ['Hardware tokens', 1],
    ['Backup codes', 10],
    ['Trusted devices', 1],
  ] as const) {
    const line = page.locator('dl.sums > div').filter({ has: page.getByText(what, { exact: true }) })
    await expect(line.getByRole('definition'), what).toHaveText(String(count))
  }
  await axe()
  const old = await code(user)
  await confirm(admin, 'Everything was in one bag')
  await open(`/tokens?customer=all&q=${serial}`)
  await expect(page.getByRole('row').filter({ hasText: serial })).toContainText('Returned')
  await leave()

  // The device is asked, and leads to the new set-up; none of the old ones is.
  await open('/security')
  await signIn(user, null)
  const { secret } = await setUp(page)
  await expect(page.getByRole('heading', { name: 'You are back in' })).toBeVisible()
  await expect(page.getByText(/Deleted 2 authenticator apps and 1 hardware token and 1 passkey and 1 phone number and 10 backup codes\. .* and 1 trusted device\./)).toBeVisible()
  await page.getByRole('link', { name: 'Continue' }).click()
  await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
  await expect(page.getByText('Blue key')).toHaveCount(0)
  await leave()
  await open('/security')
  await signIn(user, null)
  await expect(page.getByLabel('6-digit code')).toBeVisible()
  await expect(page.getByRole('link', { name: /passkey|text message/ })).toHaveCount(0)
  for (const refused of [old, totp(appKey), totp(tokenKey)]) {
    await page.getByLabel('6-digit code').fill(refused)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByText('That code is not right')).toBeVisible()
    await page.getByLabel('6-digit code').fill('')
  }
  await page.getByRole('link', { name: 'Use a backup code' }).click()
  await page.getByLabel('Backup code', { exact: true }).fill(onPaper[3])
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByText('That code is not one of yours')).toBeVisible()
  // The new one does: its next code, since each counts once.
  const next = execFileSync('oathtool', ['--totp', '--base32', '--now', new Date(Date.now() + 30_000).toISOString(), secret], { encoding: 'utf8' }).trim()
  await page.getByRole('link', { name: 'Use your authenticator app' }).click()
  await page.getByLabel('6-digit code').fill(next)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
})
