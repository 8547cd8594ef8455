import { expect, test } from './fixtures'

// Times are where their reader is: where the browser says on its pages, and there too in the mails that follow.

test.use({ timezoneId: 'Asia/Kathmandu' })

test('a browser says where it is, and pages and mails follow @wasm', async ({ page, context, open, mail, signIn, fit }) => {
  const user = 'jelena.saric@hafenwerk.example'
  // What it says on the first page holds from the next one on.
  const told = page.waitForResponse(/tell_zone/)
  await open('/security')
  expect((await told).ok()).toBe(true)
  await signIn(user)
  await expect(page.getByRole('heading', { name: 'Sessions' })).toBeVisible()
  const time = page.locator('time').first()
  await expect(time).toHaveAttribute('title', /UTC\+5:45$/)
  // Read off the browser's own clock, not ours.
  const shown = await page.locator('table time').last().evaluate((element: HTMLTimeElement) => {
    const at = new Date(element.dateTime)
    const own = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
    return [element.title.includes(own), at.toDateString() === new Date().toDateString() ? element.textContent === own : true]
  })
  expect(shown).toEqual([true, true])
  // It is not told again, and no page is made twice.
  let again = 0
  page.on('request', (request) => (again += Number(request.url().includes('tell_zone'))))
  await page.reload()
  await open('/security')
  expect(again).toBe(0)
  await fit()
  await context.clearCookies()

  // A mail to a user who signed in there is there too.
  await open('/forgot-password')
  await page.getByLabel('Address').fill(user)
  await page.getByRole('button', { name: 'Send the mail' }).click()
  expect((await mail(user)).text).toContain('UTC+5:45')
})
