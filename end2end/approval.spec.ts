import type { Page } from '@playwright/test'
import { expect, test } from './fixtures'

// Nobody else resets him; the other two only sign in.
const admin = {
  name: 'Friedrich-Wilhelm Freiherr von Hohenstein-Wackerbarth zu Altenburg',
  address: 'friedrich-wilhelm.hohenstein-wackerbarth@hafenwerk.example',
}
const owner = 'henrike.lueders@hafenwerk.example'
const second = 'torben.asmussen@hafenwerk.example'

test('an admin is reset only when a second person approves the very same plan', async ({ page, context, open, axe, code, mail, signIn }) => {
  test.setTimeout(240_000)
  const ask = async (reason: string) => {
    await open('/users')
    await page.getByRole('searchbox').fill(admin.address)
    await page.getByRole('searchbox').press('Enter')
    await expect(page.getByText(/^1 of \d+ people$/)).toBeVisible()
    await page.getByRole('checkbox', { name: `Select ${admin.name}` }).check()
    await page.getByRole('group', { name: 'Selection' }).getByRole('button', { name: 'Reset all multi-factor authentications' }).click()
    await expect(page.getByRole('heading', { name: 'Review before you reset' })).toBeVisible()
    await expect(page.getByText('A second person has to approve this.')).toBeVisible()
    await expect(page.getByText('An owner or admin is in it.')).toBeVisible()
    await axe()
    await page.getByRole('textbox', { name: 'Reason' }).fill(reason)
    await page.getByRole('textbox', { name: 'Your own code' }).fill(await code(owner))
    await page.getByRole('button', { name: 'Ask for approval' }).click()
    await expect(page.getByRole('heading', { name: 'Waiting for approval' })).toBeVisible()
    await expect(page.getByRole('complementary').getByText('Torben Asmussen')).toBeVisible()
    await axe()
    return page.url()
  }
  const enter = async (path: string, address: string) => {
    await context.clearCookies()
    await open(path)
    await signIn(address)
  }

  await open('/users')
  await signIn(owner)
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible()
  const first = await ask('Lost the phone at sea')
  const seal = await page.locator('.seal').first().textContent()

  // The second person comes by the mail, sees the same plan, and wants another one.
  expect((await mail(second, 'A reset waits for your approval')).links).toContain(first)
  await enter(first, second)
  await expect(page.getByRole('heading', { name: 'Review before you approve' })).toBeVisible()
  await expect(page.getByRole('complementary').getByText('Lost the phone at sea').first()).toBeVisible()
  await expect(page.locator('.seal').first()).toHaveText(seal!)
  await axe()
  await page.getByRole('button', { name: 'Ask for changes' }).click()
  await expect(page.getByText('Say in a few words why')).toBeVisible()
  await page.getByRole('textbox', { name: 'Your reason' }).fill('Call him first')
  await page.getByRole('button', { name: 'Ask for changes' }).click()
  await expect(page.getByRole('heading', { name: 'Changes are asked for' })).toBeVisible()
  await axe()

  // Whoever asked reads why, and asks again.
  await mail(owner, 'Changes to your reset are asked for')
  await enter(first, owner)
  await expect(page.getByText('Call him first')).toBeVisible()
  await ask('Called him, he lost it at sea')
  await open('/resets?show=waiting')
  await expect(page.getByRole('heading', { name: 'Waiting for somebody’s approval' })).toBeVisible()
  await axe()

  await enter('/resets', second)
  await expect(page.getByText('1 reset waits for your approval.')).toBeVisible()
  await axe()
  await page.getByRole('link', { name: 'Waiting for approval' }).click()
  await expect(page.getByRole('heading', { name: 'Waiting for your approval' })).toBeVisible()
  await axe()
  await page.getByRole('link', { name: 'Called him, he lost it at sea' }).click()
  await approve(page, '000')
  await expect(page.getByText('A code has 6 digits.')).toBeVisible()
  await approve(page, await code(second))
  await expect(page.getByRole('heading', { name: 'Called him, he lost it at sea' })).toBeVisible()
  await expect(page.getByText('0 of 1 person is back')).toBeVisible()
  await expect(page.getByText('approved by Torben Asmussen')).toBeVisible()
  await axe()
  await mail(owner, 'Your reset was approved')
  await mail(admin.address, 'Set up your sign-in again')
})

async function approve(page: Page, digits: string) {
  await page.getByRole('textbox', { name: 'Your own code' }).fill(digits)
  await page.getByRole('button', { name: 'Approve and reset 1 user' }).click()
}
