import { expect, test } from './fixtures'

// Passkeys, with the virtual authenticator of Chromium: a key that answers whenever it is asked.

test('a passkey is added, signs in, confirms a reset, and is refused after its owner was reset @wasm', async ({ page, open, axe, code, confirm, signIn }) => {
  const user = 'fenja.clausen@hafenwerk.example'
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'usb',
      hasResidentKey: false,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  const keys = async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length

  await open('/security')
  await signIn(user)
  await page.getByRole('link', { name: 'Add a passkey' }).click()
  await axe()
  await page.getByLabel('Your own code').fill(await code(user))
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByRole('heading', { name: 'Add your passkey' })).toBeVisible()
  await axe()
  await page.getByLabel('What you call it').fill('Blue key')
  await page.getByRole('button', { name: 'Make the passkey' }).click()
  await expect(page.getByText('Passkey added. We sent a note to your mailbox.')).toBeVisible()
  await expect(page.getByRole('cell', { name: /^Blue key/ })).toBeVisible()
  expect(await keys()).toBe(1)

  // The second key of the same kind is one too many for this authenticator: it has that key already.
  await page.getByRole('link', { name: 'Add a passkey' }).click()
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(page.getByText('Your passkey answered.')).toBeVisible()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('button', { name: 'Make the passkey' }).click()
  await expect(page.getByText('You have this key here already.')).toBeVisible()

  // It signs in, and comes first the next time.
  const signOut = async () => {
    await open('/security')
    await page.getByText('Fenja Clausen').first().click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  }
  await signOut()
  await signIn(user, null)
  await expect(page.getByRole('button', { name: 'Use your passkey' })).toBeVisible()
  await axe()
  await page.getByRole('link', { name: 'Use your authenticator app' }).click()
  await expect(page.getByLabel('6-digit code')).toBeVisible()
  await page.getByRole('link', { name: 'Use your passkey' }).click()
  await page.getByRole('button', { name: 'Use your passkey' }).click()
  await expect(page).toHaveURL(/\/(users|security)/)
  await open('/security')
  await expect(page.getByText('Signed in with passkey')).toBeVisible()
  await signOut()

  // An owner resets them; the key is there still, and nobody asks it.
  const owner = 'henrike.lueders@hafenwerk.example'
  await open('/users?q=fenja')
  await signIn(owner)
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'Fenja Clausen' }) })
  await row.locator('summary').click()
  await row.getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
  await expect(page.getByText('Passkeys and security keys')).toBeVisible()
  await confirm(owner, 'Lost key')
  await page.context().clearCookies()
  await open('/sign-in')
  await signIn(user, null)
  await expect(page.getByRole('heading', { name: 'Add your new authenticator' })).toBeVisible()
  expect(await keys()).toBe(1)
})
