import { expect, password, setUpHeading, test } from './fixtures'

// A dead link is answered with 404, which the browser notes.
test.use({ expectedComplaints: [/404 .*\/invitation\//] })

test('an admin invites somebody, who chooses a password, sets up and signs in', async ({ page, context, open, axe, mail, signIn, setUp }) => {
  test.setTimeout(180_000)
  const person = { name: 'Frauke Ærøe', address: 'frauke.aeroee@saobento.example' }
  await open('/users/invite')
  await signIn('yael.bendavid@saobento.example')
  await page.getByLabel('Name', { exact: true }).fill(person.name)
  await page.getByLabel('Mail address').fill('frauke.aeroee')
  await page.getByRole('button', { name: 'Send the invitation' }).click()
  await expect(page.getByText('That is not a mail address.')).toBeVisible()
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue(person.name)
  await page.getByLabel('Mail address').fill(person.address)
  await page.getByRole('button', { name: 'Send the invitation' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'is on its way' })).toBeVisible()
  await open(`/users?q=${person.address}`)
  await expect(page.getByText('Set-up not finished').last()).toBeVisible()

  const link = (await mail(person.address, 'Set up your account')).link('/invitation/')
  await context.clearCookies()

  await open(link)
  await expect(page.getByRole('heading', { name: 'Set up your account' })).toBeVisible()
  await axe()
  await page.getByLabel('Choose a password').fill('password1234567')
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByText('among those that are guessed first')).toBeVisible()
  await page.getByLabel('Choose a password').fill(password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(setUpHeading(page)).toBeVisible()
  await axe()
  const { codes } = await setUp(page)
  await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
  await expect(page.getByText('Opened the invitation')).toBeVisible()
  await axe()

  await open(link)
  await expect(page.getByRole('heading', { name: 'This invitation does not work' })).toBeVisible()
  await axe()

  await context.clearCookies()
  await open('/sign-in')
  await signIn(person.address, null)
  await page.getByRole('link', { name: 'Use a backup code' }).click()
  await page.getByLabel('Backup code').fill(codes[0])
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
})

test('an owner invites a list from a file', async ({ page, open, axe, code, mail, signIn }) => {
  const owner = 'otavio.brandao@saobento.example'
  await open('/users/invite/file')
  await signIn(owner)
  await page.getByLabel('File').setInputFiles({
    name: 'people.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(
      'name;address\r\nDilnoza Yusupova;dilnoza.yusupova@saobento.example\r\nNobody;not an address\r\nMāra Ozola;mara.ozola@saobento.example\r\n',
    ),
  })
  await page.getByRole('button', { name: 'Look at it first' }).click()
  await expect(page.getByText('Dilnoza Yusupova')).toBeVisible()
  await expect(page.getByText('not an address').first()).toBeVisible()
  await axe()
  await page.getByLabel('Your own code').fill(await code(owner))
  await page.getByRole('button', { name: 'Invite 2 people' }).click()
  await expect(page.getByText('not invited', { exact: true })).toBeVisible()
  await axe()
  await mail('mara.ozola@saobento.example', 'Set up your account')
})
