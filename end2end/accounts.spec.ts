import { expect, password, test } from './fixtures'

// What becomes of an account that is suspended, let in again, and removed, for its user and for whoever looks on.

// Without a script Playwright cannot see an animation end. Whoever is gone is answered with 404, which the browser notes.
test.use({ contextOptions: { reducedMotion: 'reduce' }, expectedComplaints: [/404 .*\/users\/\w{26}\)/] })

test('an admin suspends somebody, lets them in again and removes them, and the audit tells it', async ({
  page, elsewhere, open, axe, code, mail, signIn,
}) => {
  test.setTimeout(120_000)
  const [admin, adminName] = ['yael.bendavid@saobento.example', 'יעל בן־דוד']
  const user = { name: 'Úrsula Weingärtner', address: 'ursula.weingaertner@saobento.example' }
  const theirs = await elsewhere()
  const enter = async (known: string) => {
    await open('/sign-in', theirs)
    await theirs.getByLabel('Address').fill(user.address)
    await theirs.getByLabel('Password', { exact: true }).fill(known)
    await theirs.getByRole('button', { name: 'Continue' }).click()
  }
  const isIn = async () => {
    await enter(password)
    await theirs.getByLabel('6-digit code').fill(await code(user.address))
    await theirs.getByRole('button', { name: 'Sign in' }).click()
    await expect(theirs.getByRole('heading', { name: 'My security' })).toBeVisible()
  }
  /** All that the page of the sign-in says, once it has refused this password. */
  const refused = async (known: string) => {
    await enter(known)
    await expect(theirs.getByText('This address and password do not work together')).toBeVisible()
    return theirs.getByRole('main').innerText()
  }
  const answer = await refused('not my password')
  const isOut = async () => {
    await theirs.reload()
    await expect(theirs.getByRole('heading', { name: 'Sign in' })).toBeVisible()
    expect(await refused(password)).toBe(answer)
  }
  const more = async (item: string) => {
    await page.locator('summary', { hasText: `More for ${user.name}` }).click()
    await page.getByRole('link', { name: item, exact: true }).click()
  }

  await isIn()
  await open(`/users?customer=all&q=${user.address}`)
  await signIn(admin)
  await page.getByRole('link', { name: user.name }).click()
  await expect(page.getByRole('heading', { name: user.name })).toBeVisible()
  const profile = new URL(page.url()).pathname
  await more('Suspend')
  await expect(page.getByRole('heading', { name: `Suspend ${user.name}` })).toBeVisible()
  await expect(page.getByRole('listitem').filter({ hasText: /^\d+ sessions? ends? at once\.$/ })).toBeVisible()
  await expect(page.getByText('Nobody signs in to this account until you lift the suspension.')).toBeVisible()
  await expect(page.getByText('They keep their authentication methods, backup codes and roles.')).toBeVisible()
  await axe()
  await page.getByRole('button', { name: 'Suspend 1 user' }).click()
  await expect(page.getByRole('heading', { name: `${user.name} is suspended` })).toBeVisible()
  await expect(page.getByText('The account is suspended.')).toBeVisible()
  await axe()
  // Nobody learns from the sign-in that it is not the password.
  await isOut()
  expect((await mail(user.address, 'Your account is suspended')).text).toContain(adminName)

  await page.getByRole('link', { name: 'Back' }).click()
  await expect(page.getByRole('definition').filter({ hasText: /^Suspended$/ })).toBeVisible()
  await open(`/users?customer=all&q=${user.address}`)
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: user.name }) })
  await expect(row.getByText('Suspended', { exact: true })).toBeVisible()
  await row.locator('summary').click()
  await row.getByRole('link', { name: 'Reactivate' }).click()
  await expect(page.getByText('with the same password and the same second factor')).toBeVisible()
  await page.getByRole('button', { name: 'Lift the suspension' }).click()
  await expect(page.getByText('The suspension is lifted.')).toBeVisible()
  await isIn()

  await open(profile)
  await more('Remove')
  await expect(page.getByRole('heading', { name: `Remove ${user.name}` })).toBeVisible()
  await expect(page.getByText('Their password, 1 authentication method and 10 backup codes are deleted.')).toBeVisible()
  await expect(page.getByText('The name stays, so that past resets and the audit still say who it was.')).toBeVisible()
  await axe()
  await page.getByLabel('Your own code').fill(await code(admin))
  await page.getByRole('button', { name: 'Remove 1 user' }).click()
  await expect(page.getByRole('heading', { name: `${user.name} was removed` })).toBeVisible()
  await expect(page.getByText('The name stays, so that past resets and the audit still say who it was.')).toBeVisible()
  await axe()
  await isOut()
  await mail(user.address, 'Your account was removed')

  await page.getByRole('link', { name: 'Show in audit' }).click()
  await expect(page.getByRole('link', { name: `About ${user.name}` })).toBeVisible()
  for (const what of ['User removed', 'User reactivated', 'User suspended']) {
    const told = page.getByRole('row').filter({ hasText: what })
    await expect(told).toContainText(adminName)
    await expect(told).toContainText(user.name)
  }
  await axe()
  await page.getByRole('row').filter({ hasText: 'User removed' }).getByRole('link', { name: user.name }).click()
  await expect(page.getByRole('heading', { name: 'No such user' })).toBeVisible()
  await open(`/users?customer=all&q=${user.address}`)
  await expect(page.getByText('Nobody is called')).toBeVisible()
  await expect(row).toHaveCount(0)
  await open(profile)
  await expect(page.getByRole('heading', { name: 'No such user' })).toBeVisible()
})
