import { expect, setUpHeading, test } from './fixtures'

// Without a script Playwright cannot see an animation end.
test.use({ contextOptions: { reducedMotion: 'reduce' } })

test('an owner gives somebody of another customer a role, and takes it away again', async ({ page, context, open, axe, code, signIn }) => {
  test.setTimeout(120_000)
  const owner = 'henrike.lueders@hafenwerk.example'
  const other = 'torben.asmussen@hafenwerk.example'
  const person = { name: 'יעל בן־דוד', address: 'yael.bendavid@saobento.example' }
  const people = async (owner: string) => {
    await context.clearCookies()
    await open('/customers')
    await signIn(owner)
    await page.getByRole('link', { name: 'Hafenwerk Logistik' }).first().click()
    await page.getByRole('link', { name: 'People and roles' }).click()
    await expect(page).toHaveURL(/\/people$/)
  }

  await people(owner)
  await axe()
  await page.getByRole('link', { name: 'Give access' }).click()
  await page.getByLabel('Address').fill('nobody@saobento.example')
  await page.getByRole('radio', { name: 'Auditor' }).check()
  await page.getByLabel('Your own code').fill(await code(owner))
  await page.getByRole('button', { name: 'Give access' }).click()
  await expect(page.getByText('Nobody with this address can be given access here.')).toBeVisible()
  await expect(page.getByRole('radio', { name: 'Auditor' })).toBeChecked()
  await axe()
  await page.getByLabel('Address').fill(person.address)
  await page.getByLabel('Your own code').fill(await code(owner))
  await page.getByRole('button', { name: 'Give access' }).click()
  const row = page.getByRole('row').filter({ hasText: person.address })
  await expect(row).toContainText('Auditor')

  // She sees them from now on, and resets nobody there.
  await context.clearCookies()
  await open('/users?customer=all&q=hafenwerk.example')
  await signIn(person.address)
  await expect(page.getByRole('link', { name: 'Agnieszka Wiśniewska' })).toBeVisible()
  await expect(page.getByRole('checkbox', { name: 'Select Agnieszka Wiśniewska: Your role does not reset' })).toBeDisabled()

  await people(other)
  await row.locator('summary').click()
  await row.getByRole('link', { name: 'Change role' }).click()
  await page.getByRole('radio', { name: 'No access' }).check()
  await page.getByLabel('Your own code').fill(await code(other))
  await page.getByRole('button', { name: 'Change role' }).click()
  await expect(page).toHaveURL(/\/people$/)
  await expect(row).toHaveCount(0)

  await context.clearCookies()
  await open('/users?customer=all&q=hafenwerk.example')
  await signIn(person.address)
  await expect(page.getByText('Nobody is called')).toBeVisible()
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
  await expect(page.getByText('No users to look after')).toBeVisible()
})
