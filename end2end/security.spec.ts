import { expect, test } from './fixtures'

test('a user makes new backup codes, and the old ones are void', async ({ page, open, axe, code, signIn }) => {
  const user = 'zila.trancoso@saobento.example'
  await open('/security')
  await signIn(user)
  await page.getByRole('link', { name: 'Make new codes' }).click()
  await axe()
  const right = await code(user)
  await page.getByLabel('Your own code').fill(right === '000000' ? '000001' : '000000')
  await page.getByRole('button', { name: 'Make new codes' }).click()
  await expect(page.getByText('That code is not right')).toBeVisible()
  await page.getByLabel('Your own code').fill(right)
  await page.getByRole('button', { name: 'Make new codes' }).click()
  await expect(page.getByRole('heading', { name: 'Keep these ten codes' })).toBeVisible()
  await axe()
  const codes = await page.locator('ol.codes code').allTextContents()
  expect(codes).toHaveLength(10)
  await page.getByLabel('Type one of them back').fill(codes[3])
  await page.getByRole('button', { name: 'Finish' }).click()
  await expect(page).toHaveURL(/\/security/)
  await expect(page.getByText('10 of 10 left')).toBeVisible()
})
