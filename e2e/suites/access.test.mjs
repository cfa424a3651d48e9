// For everybody: keyboard, screen readers, small windows, both themes.

import assert from "node:assert/strict";

import { barriers, breaker, details, eventually, open, test } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

/** A playground in which every state has a row. */
async function troubled(t) {
  const server = await startServer(t);
  await server.play("outage?name=payments&on=1");
  await server.play("fill?on=1");
  await server.play("check?ok=0");
  return server;
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing serious in the ${colorScheme} theme, dialogs and banner included`, async (t) => {
    const server = await troubled(t);
    const page = await open(t, server.url, { colorScheme, operator: "alice" });
    await breaker(page).getByText("open", { exact: true }).waitFor();
    assert.deepEqual(await barriers(page), []);
    await details(page, "circuit_breaker", "payments");
    await page.locator("#d-table").click();
    assert.deepEqual(await barriers(page), [], "in the details");
    await page.locator("#d-actions").getByRole("button", { name: "Force open" }).click();
    await page.locator("#c-reason").fill("as I say");
    await page.locator("#c-go").click();
    await page.locator("#d-forced").waitFor();
    await page.locator("#d-actions").getByRole("button", { name: "Back to automatic" }).click();
    assert.deepEqual(await barriers(page), [], "in the control dialog");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await server.kill();
    await page.locator("#banner").waitFor();
    assert.deepEqual(await barriers(page), [], "with the banner");
  });
}

test("everything can be done with the keyboard alone", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const page = await open(t, server.url, { operator: "alice" });
  const focus = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
  const press = (key) => page.keyboard.press(key);
  await press("Tab");
  assert.equal(await focus(), "skip", "the first stop skips the header");
  await press("Enter");
  assert.equal(await focus(), "tables");
  assert.equal(page.url().includes("#"), false, "without leaving the page");
  await press("/");
  assert.equal(await focus(), "filter");
  await page.keyboard.type("payments");
  await eventually("one breaker is left", async () => (await page.locator("section[data-kind=circuit_breaker] tbody tr").count()) === 1);
  for (let i = 0; (await focus()) !== "payments"; i += 1) {
    assert.ok(i < 40, "the row is reached by Tab");
    await press("Tab");
  }
  await press("Enter");
  await page.locator("#detail").waitFor();
  for (let i = 0; (await focus()) !== "Force open"; i += 1) {
    assert.ok(i < 10, "the button is reached by Tab");
    await press("Tab");
  }
  await press("Enter");
  assert.equal(await focus(), "c-reason", "the reason is asked for at once");
  await page.keyboard.type("by keyboard");
  await press("Enter");
  await page.locator("#control").waitFor({ state: "hidden" });
  assert.equal(await server.call(), "rejected");
  await press("Escape");
  await page.locator("#detail").waitFor({ state: "hidden" });
  assert.equal(await focus(), "payments", "the focus is back where it was");
  await press("/");
  await press("Escape");
  assert.equal(await page.locator("#filter").inputValue(), "");
  const outline = await page.locator("#filter").evaluate((node) => getComputedStyle(node).outlineStyle);
  assert.equal(outline, "solid", "what has the focus shows it");
});

test("tables sort by their headers and say so", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const page = await open(t, server.url);
  const section = page.locator("section[data-kind=circuit_breaker]");
  const names = () => section.locator("tbody .name").allInnerTexts();
  assert.equal(await section.locator("th[aria-sort]").innerText().then((text) => text.trim().startsWith("State")), true);
  const header = section.locator("thead th").filter({ hasText: "Name" });
  await header.getByRole("button").click();
  assert.equal(await header.getAttribute("aria-sort"), "ascending");
  const up = await names();
  await header.getByRole("button").click();
  assert.equal(await header.getAttribute("aria-sort"), "descending");
  assert.deepEqual(await names(), [...up].reverse());
  assert.equal(await section.locator("th[aria-sort]").count(), 1);
});

test("the focus stays on its row while rows move", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const page = await open(t, server.url);
  await breaker(page, "stock").getByRole("button").focus();
  await server.play("trip?name=stock");
  await breaker(page, "stock").getByText("open", { exact: true }).waitFor();
  assert.match(await page.locator("section[data-kind=circuit_breaker] tbody tr").first().innerText(), /stock/);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "stock");
});

test("nothing makes the page scroll sideways at 360 px or at twice the size", async (t) => {
  const server = await troubled(t);
  for (const size of [{ width: 360, height: 740 }, { width: 640, height: 450, scale: 2 }]) {
    const page = await open(t, server.url, { ...size, operator: "a-name-of-an-operator-that-is-quite-long" });
    const fits = (what) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth).then((over) => assert.ok(over <= 0, `${what} at ${size.width} px: ${over} px over`));
    await fits("the page");
    const dialog = await details(page, "circuit_breaker", "payments");
    await eventually("it is filled", async () => (await dialog.locator("#d-facts dd").count()) > 5);
    assert.equal(await dialog.evaluate((node) => node.scrollWidth - node.clientWidth), 0, "the details fit");
    await page.locator("#d-actions button").first().click();
    await fits("the control dialog");
    assert.equal(await page.locator("#control").evaluate((node) => node.scrollWidth - node.clientWidth), 0, "the dialog fits");
  }
});

test("the theme is chosen, kept, and otherwise the system's", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const page = await open(t, server.url, { colorScheme: "dark" });
  const shade = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await shade();
  await page.locator("#theme").click();
  assert.equal(await page.locator("#theme").innerText(), "Theme: light");
  const light = await shade();
  assert.notEqual(light, dark);
  await page.reload();
  await page.locator("#stream[data-state=live]").waitFor();
  assert.equal(await shade(), light);
  await page.locator("#theme").click();
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await shade(), dark, "the chosen one wins");
});

test("a storm of transitions is told in few sentences", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const page = await open(t, server.url);
  await page.evaluate(() => {
    window.told = [];
    new MutationObserver(() => window.told.push(document.getElementById("live").textContent)).observe(document.getElementById("live"), { childList: true });
  });
  for (let i = 0; i < 10; i += 1) {
    await server.play("trip?name=payments");
    await server.play("heal?name=payments");
  }
  await eventually("the log has them", async () => (await page.locator("#log li").filter({ hasText: "closed -> open" }).count()) === 10);
  await eventually("the rest is counted", async () => page.evaluate(() => window.told.some((text) => /and \d+ more/.test(text))));
  assert.ok((await page.evaluate(() => window.told.length)) <= 4);
});
