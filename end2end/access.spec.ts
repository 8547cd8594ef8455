import { expect, setUpHeading, test } from './fixtures'

// Without a script Playwright cannot see an animation end.
test.use({ contextOptions: { reducedMotion: 'reduce' } })

test('an owner gives somebody of another customer a role, and takes it away again', async ({ page, context, open, axe, code, signIn }) => {
  const owner = 'abdullah.alhashimi@alwaha.example'
  const person = 'yael.bendavid@saobento.example'
  const theirs = page.getByRole('link', { name: 'Tewodros Gebre-Egziabher' })
  await open('/customers')
  await signIn(owner)
  await page.getByRole('link', { name: 'مؤسسة الواحة التعليمية' }).first().click()
  await page.getByRole('link', { name: 'People and roles' }).click()
  await expect(page).toHaveURL(/\/people$/)
  const people = page.url()
  await axe()
  await page.getByRole('link', { name: 'Give access' }).click()
  await axe()
  await page.getByLabel('Address').fill(person)
  await page.getByRole('radio', { name: 'Auditor' }).check()
  await page.getByLabel('Your own code').fill(await code(owner))
  await page.getByRole('button', { name: 'Give access' }).click()
  const row = page.getByRole('row').filter({ hasText: person })
  await expect(row).toContainText('Auditor')
  const session = await context.cookies()

  // She sees them from now on, and resets nobody there.
  await context.clearCookies()
  await open('/users?customer=all&q=tewodros')
  await signIn(person)
  await expect(theirs).toBeVisible()
  await expect(page.getByRole('checkbox', { name: /^Select Tewodros.*: Your role does not reset$/ })).toBeDisabled()
  const hers = await context.cookies()

  await context.clearCookies()
  await context.addCookies(session)
  await open(new URL(people).pathname)
  await row.locator('summary').click()
  await row.getByRole('link', { name: 'Change role' }).click()
  await page.getByRole('radio', { name: 'No access' }).check()
  await page.getByLabel('Your own code').fill(await code(owner))
  await page.getByRole('button', { name: 'Change role' }).click()
  await expect(page).toHaveURL(/\/people$/)
  await expect(row).toHaveCount(0)

  // Her session goes on, and shows them no longer.
  await context.clearCookies()
  await context.addCookies(hers)
  await open('/users?customer=all&q=tewodros')
  await expect(page.getByText('Nobody is called')).toBeVisible()
  await expect(theirs).toHaveCount(0)
})

test('an owner requires a second factor with days of grace, and people may put it off', async ({ page, context, open, axe, code, signIn }) => {
  const owner = 'huda.alamoudi@alwaha.example'
  await open('/customers')
  await signIn(owner)
  await page.getByRole('link', { name: 'مؤسسة الواحة التعليمية' }).first().click()
  await page.getByRole('link', { name: 'Policy' }).click()
  await axe()
  await page.getByRole('checkbox', { name: 'Multi-factor authentication is required' }).check()
  await page.getByLabel('Days of grace').fill('7')
  await page.getByRole('button', { name: 'Review the changes' }).click()
  await expect(page.getByRole('heading', { name: 'What changes' })).toBeVisible()
  await expect(page.getByRole('listitem').filter({ hasText: 'Show them' })).toContainText(/\d+ (people|person)/)
  await axe()
  await page.getByLabel('Your own code').fill(await code(owner))
  await page.getByRole('button', { name: 'Save the policy' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'The policy is saved.' })).toBeVisible()

  await context.clearCookies()
  await open('/sign-in')
  await signIn('anushka.deshpande@alwaha.example', null)
  await expect(setUpHeading(page)).toBeVisible()
  await axe()
  await page.getByRole('button', { name: 'Later' }).click()
  await expect(page.getByRole('heading', { name: 'My security' })).toBeVisible()
})
