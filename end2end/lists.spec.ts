import { expect, test } from './fixtures'

// People out of a list, reviewed and exported; nobody is reset, so that nobody else's journey is changed.
test('a list of addresses becomes a plan that is reviewed number by number', async ({ page, open, axe, signIn }) => {
  await open('/users')
  await signIn('henrike.lueders@hafenwerk.example')
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible()
  const cells = page.getByRole('cell').locator('.under')
  await expect(cells.first()).toBeAttached()
  const addresses = (await cells.allTextContents()).filter(address => !address.startsWith('henrike'))
  await page.getByRole('link', { name: 'Reset from a list' }).click()

  const list = page.getByRole('textbox', { name: 'Addresses' })
  await list.fill(`Name <${addresses[0]}>; ${addresses[1]}\nnobody@elsewhere.example\n${addresses[1]}`)
  await axe()
  await page.getByRole('button', { name: 'Look at it first' }).click()
  await expect(page.getByText('1 line means nobody whom you look after.')).toBeVisible()
  await axe()
  await page.getByRole('link', { name: 'Show them' }).click()
  await expect(page.getByText('nobody@elsewhere.example')).toBeVisible()
  await axe()

  // Back, with what was pasted.
  await page.getByRole('link', { name: 'Change the list' }).click()
  await expect(list).toHaveValue(/nobody@elsewhere\.example/)
  await list.fill(`${addresses[0]}\n${addresses[1]}`)
  await page.getByRole('button', { name: 'Look at it first' }).click()
  await page.getByRole('button', { name: 'Review 2 people' }).click()

  await expect(page.getByRole('heading', { name: 'Review before you reset' })).toBeVisible()
  await expect(page.getByRole('heading', { name: 'The mail they get' }).or(page.getByText('Nobody in this selection will be reset.'))).toBeVisible()
  await axe()
  await page.locator('.tiles').getByRole('link', { name: '2', exact: true }).first().click()
  await expect(page.getByRole('heading', { name: 'Who is selected' })).toBeVisible()
  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Export plan' }).click()
  expect((await download).suggestedFilename()).toMatch(/^plan-[0-9A-F]{8}\.csv$/)
})
