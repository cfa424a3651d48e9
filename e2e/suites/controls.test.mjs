// What can be done from the page, by whom, and what is refused.

import assert from "node:assert/strict";

import { breaker, details, eventually, open, row, test, visit } from "./support/browser.mjs";
import { startServer, startStranger } from "./support/server.mjs";

/** Fills in the control dialog that `button` opens and sends it. */
async function act(page, button, reason, expiry) {
  await page.locator("#d-actions").getByRole("button", { name: button, exact: true }).click();
  const dialog = page.locator("#control");
  await dialog.waitFor();
  if (expiry) await dialog.getByLabel("For how long").selectOption(expiry);
  await dialog.getByLabel("Reason").fill(reason);
  await dialog.locator("#c-go").click();
}

test("a breaker forced open from the page rejects calls, says loudly by whom, and is given back", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  assert.equal(await server.call(), "passed");
  const page = await open(t, server.url, { operator: "alice" });
  const dialog = await details(page, "circuit_breaker", "payments");
  await act(page, "Force open", "moving the database", "1 hour");
  await page.locator("#control").waitFor({ state: "hidden" });
  assert.equal(await server.call(), "rejected");
  const loud = dialog.locator("#d-forced");
  await loud.waitFor();
  assert.match(await loud.innerText(), /FORCED OPEN by alice until \d\d:\d\d:\d\d \((1.h|59.min.*) left\): moving the database/);
  await dialog.locator("#d-close").click();
  assert.match(await breaker(page).locator(".forced").innerText(), /FORCED OPEN by alice/);
  assert.match(await page.locator("#warnings").innerText(), /payments/);
  await eventually("the log has who and why", async () => /moving the database.*alice|alice.*moving the database/s.test(await page.locator("#log").innerText()));
  await details(page, "circuit_breaker", "payments");
  await act(page, "Back to automatic", "the move is over");
  await page.locator("#control").waitFor({ state: "hidden" });
  await page.locator("#d-close").click();
  await breaker(page).getByText("half open", { exact: true }).waitFor();
  assert.equal(await breaker(page).locator(".forced").isHidden(), true);
  assert.equal(await server.call(), "passed");
});

test("until changed means without an end", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const page = await open(t, server.url, { operator: "bob" });
  const dialog = await details(page, "circuit_breaker", "mail");
  await act(page, "Disable", "its counts are wrong", "Until changed");
  await dialog.locator("#d-forced").getByText("DISABLED by bob until changed").waitFor();
});

test("a reason is asked for, and a refusal is shown where it was asked", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const page = await open(t, server.url);
  await details(page, "circuit_breaker", "payments");
  await act(page, "Force open", "    ");
  await page.locator("#c-error").getByText("Say why").waitFor();
  await page.locator("#c-reason").fill("I am nobody");
  await page.locator("#c-go").click();
  await page.locator("#c-error").getByText("sign in as an operator first").waitFor();
  assert.equal(await page.locator("#c-reason").inputValue(), "I am nobody", "what was typed is kept");
  assert.equal(await server.call(), "passed");
});

test("a limit is changed and a check is run from the page", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const page = await open(t, server.url, { operator: "alice" });
  const dialog = await details(page, "bulkhead", "reports");
  await page.locator("#d-actions").getByRole("button", { name: "Change the limit" }).click();
  assert.equal(await page.locator("#c-max").inputValue(), "8", "it begins with what is set");
  await page.locator("#c-max").fill("5");
  await page.locator("#c-reason").fill("the database is small");
  await page.keyboard.press("Enter");
  await row(page, "bulkhead", "reports").getByText("0 of 5").waitFor();
  await dialog.locator("#d-close").click();
  await details(page, "health_check", "database");
  await act(page, "Check now", "to be sure");
  await page.locator("#d-said").getByText(/\w/).waitFor();
});

test("a request of another origin, without the header or of another type is refused", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const body = JSON.stringify({ action: "force_open", component: "circuit_breaker/payments/1", reason: "a trap" });
  const right = { operator: "alice", "content-type": "application/json", "x-resilience-csrf": "1", origin: server.origin };
  const send = async (headers) => (await fetch(`${server.url}/api/control`, { method: "POST", headers, body })).status;
  assert.equal(await send({ ...right, origin: "http://evil.example" }), 403);
  assert.equal(await send({ ...right, "sec-fetch-site": "cross-site" }), 403);
  const { "x-resilience-csrf": _, ...bare } = right;
  assert.equal(await send(bare), 403);
  assert.equal(await send({ ...right, "content-type": "text/plain" }), 415);
  // A page of another origin that forbids itself nothing, in a browser that is signed in.
  const page = await visit(t, await startStranger(t), { operator: "alice" });
  page.forgive();
  const headers = { "content-type": "application/json", "x-resilience-csrf": "1" };
  for (const init of [{ headers }, { mode: "no-cors" }, { mode: "no-cors", headers: { "content-type": "text/plain" } }]) {
    await page.evaluate(([url, init]) => fetch(url, { method: "POST", credentials: "include", ...init }).catch(() => {}), [`${server.url}/api/control`, { body, ...init }]);
  }
  assert.equal(await server.call(), "passed", "none of it was done");
  assert.equal(await send(right), 200, "the same, sent right, is done");
  assert.equal(await server.call(), "rejected");
});

test("a refusal that tells where to sign in has a link there, and nothing else becomes one", async (t) => {
  const server = await startServer(t, { flags: ["--nest", "/a/resilience"] });
  for (const [told, links] of [
    ["you are not signed in: open ./sign-in, relative to this page, first", ["/a/resilience/sign-in"]],
    ["open javascript:alert(1) or //evil.example/x or https://evil.example or .//evil.example or ../up <a href=x>y</a>", []],
  ]) {
    const page = await open(t, server.url);
    await page.route("**/api/control", (route) => route.fulfill({ status: 403, contentType: "application/json", body: JSON.stringify({ error: told }) }));
    await details(page, "circuit_breaker", "payments");
    await act(page, "Reset", "to see what comes");
    const error = page.locator("#c-error");
    await error.waitFor();
    assert.equal(await error.textContent(), told);
    const found = await error.locator("a").evaluateAll((all) => all.map((link) => [new URL(link.href).pathname, link.target]));
    assert.deepEqual(found, links.map((path) => [path, "_blank"]));
  }
});
