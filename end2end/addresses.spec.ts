import { expect, test } from './fixtures'

// Another address, confirmed in its mailbox and undone from the old one; and a second address, which hears of what happens.

test.use({ expectedComplaints: [/404 .*\/address\//] })

test('an address is changed by the mail to it, undone by the mail to the old one, and a second one is added', async ({
  page, context, elsewhere, open, fit, code, mail, signIn,
}) => {
  test.setTimeout(180_000)
  const user = 'ioana.turcanu@hafenwerk.example'
  const [next, second] = ['ioana@neu.example', 'ioana@zuhause.example']
  const ask = async (address: string) => {
    await page.getByLabel('New address').fill(address)
    await page.getByLabel('Your own code').fill(await code(user))
    await page.getByRole('button', { name: 'Send the link' }).click()
    await expect(page.getByText('A mail is on its way to that address.')).toBeVisible()
    await expect(page.getByText(address)).toBeVisible()
  }
  await open('/security')
  await signIn(user)
  await page.locator('a[href="/security/address"]').click()
  await expect(page.getByRole('heading', { name: 'Change your address' })).toBeVisible()
  await fit()
  await page.getByLabel('New address').fill('ioana')
  await page.getByLabel('Your own code').fill('000000')
  await page.getByRole('button', { name: 'Send the link' }).click()
  await expect(page.getByText('That is not a mail address.')).toBeVisible()
  await ask(next)
  await fit()

  // Looking at the link changes nothing.
  const theirs = await elsewhere()
  const confirm = (await mail(next, 'Confirm this address')).link('/address/')
  for (let n = 0; n < 2; n++) {
    await open(confirm, theirs)
    await expect(theirs.getByRole('heading', { name: 'Confirm this address' })).toBeVisible()
  }
  await fit(theirs)
  await theirs.getByRole('button', { name: 'Confirm the address' }).click()
  await expect(theirs.getByRole('heading', { name: 'The address is confirmed' })).toBeVisible()
  await fit(theirs)
  await mail(next, 'Your address was changed')

  // The old mailbox has the last word, and the session is over.
  const undo = (await mail(user, 'This address no longer belongs to your account')).link('/address/undo/')
  await open(undo, theirs)
  await expect(theirs.getByRole('heading', { name: 'Undo the change of address' })).toBeVisible()
  await fit(theirs)
  await theirs.getByRole('button', { name: 'Undo the change' }).click()
  await expect(theirs.getByRole('heading', { name: 'Your address is back' })).toBeVisible()
  await fit(theirs)
  await open(undo, theirs)
  await expect(theirs.getByRole('heading', { name: 'This link no longer works' })).toBeVisible()
  await fit(theirs)
  await mail(user, 'A change of address was undone')
  await open('/security')
  await expect(page.getByLabel('Password', { exact: true })).toBeVisible()

  await signIn(user)
  await page.getByRole('link', { name: 'Add one' }).click()
  await expect(page.getByRole('heading', { name: 'Your second address' })).toBeVisible()
  await fit()
  await ask(second)
  await open((await mail(second, 'Confirm this address')).link('/address/'), theirs)
  await theirs.getByRole('button', { name: 'Confirm the address' }).click()
  await expect(theirs.getByRole('heading', { name: 'The address is confirmed' })).toBeVisible()
  await open('/security')
  await expect(page.getByText(second)).toBeVisible()
  await page.getByRole('link', { name: 'Remove it' }).click()
  await expect(page.getByRole('heading', { name: 'Remove your second address' })).toBeVisible()
  await fit()
  await page.getByLabel('Your own code').fill(await code(user))
  await page.getByRole('button', { name: 'Remove it' }).click()
  await expect(page.getByText('Second address removed.')).toBeVisible()
  await mail(second, 'A second address was removed')
  await mail(user, 'A second address was removed')
  await context.clearCookies()
})
