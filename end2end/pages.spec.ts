import { expect, test } from './fixtures'

// A page that is not there is answered with 404, which the browser notes.
test.use({ expectedComplaints: [/404 .*\/(nothing-here|new-password\/none|users\/nobody|tokens\/nobody|resets\/none|resets\/from-list\/none|customers\/nobody)/] })

test('every page is fit for everybody, wide and narrow, light and dark', async ({ page, open, fit, signIn }) => {
  test.setTimeout(240_000)
  const address = 'ines.marchetti@nordlicht.example'
  await open('/users')
  await signIn(address)
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible()
  const person = (await page.getByRole('link', { name: 'Agnieszka Wiśniewska' }).first().getAttribute('href'))!

  await open('/customers')
  const customer = (await page.getByRole('link', { name: 'Hafenwerk Logistik' }).first().getAttribute('href'))!

  await open('/tokens?customer=all')
  const token = (await page.getByRole('link', { name: '10001000' }).first().getAttribute('href'))!

  for (const path of [
    '/users',
    '/users?q=nobody%20is%20called%20this',
    '/users/nobody',
    person,
    `${person}/methods`,
    `${person}/activity`,
    `${person}/caller-code`,
    `${person}/call-back`,
    `${person}/suspend`,
    `${person}/remove`,
    '/users?customer=all&mfa=none&role=member&role=admin&sort=-sign-in',
    '/methods',
    '/tokens?customer=all',
    '/tokens?customer=all&state=lost&q=2000',
    token,
    '/tokens/nobody',
    '/tokens/import',
    '/users/invite',
    '/users/invite/file',
    '/customers',
    '/customers/new',
    customer,
    `${customer}/edit`,
    `${customer}/people`,
    `${customer}/people/give`,
    `${customer}/policy`,
    `${customer}/policy/review?grace_days=7&trust_days=30&mfa_required=on&link_minutes=30&codes_low=9&phone_messages_a_day=50&approver_from=5&remind_after_hours=24`,
    '/customers/nobody',
    '/resets',
    '/resets?show=mine',
    '/resets?show=waiting&q=nobody',
    '/resets/none',
    '/resets/people',
    '/resets/from-list',
    '/resets/from-list/none',
    '/audit',
    '/audit?user=' + person.split('/').pop(),
    '/security',
    '/security/add',
    '/security/codes/new',
    '/security/password',
    '/forgot-password',
    '/new-password/none',
    '/nothing-here',
  ]) {
    await open(path)
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1)
    await fit()
  }

  await open('/users')
  await page.getByText('Ines Marchetti').first().click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await open('/users')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
})
