// Drives report pages in one headless browser and prints what it saw of each as JSON: page_check.mjs BROWSER (PAGE COLUMN PDF)...
import { chromium } from "playwright-core";
import { pathToFileURL } from "node:url";

const [browserPath, ...asked] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });

const open = async (file, seen, options) => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) seen.errors.push(message.text()); });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("request", (request) => seen.requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return page;
};

// The first table with the column that can be both sorted and filtered, with all that hides it opened.
const table = (page, name) => page.evaluateHandle((column) => {
  const found = [...document.querySelectorAll("table.data")].find(
    (one) => one.closest(".scroll").previousElementSibling?.className === "filter"
      && [...one.tHead.rows[0].cells].some((cell) => cell.textContent === column));
  for (let at = found; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  return found;
}, name);
const columnOf = (one, column) => one.evaluate(
  (found, index) => [...found.tBodies[0].rows].map((row) => row.cells[index].textContent.trim()), column);
const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const ink = (page) => page.evaluate(() => getComputedStyle(document.querySelector("figure svg text")).fill);
// What a reader has before the first scroll.
const firstScreen = (page) => page.evaluate(() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (texts.nextNode()) {
    const box = texts.currentNode.parentElement.getBoundingClientRect();
    if (box.height > 0 && box.left >= 0 && box.top >= 0 && box.top < innerHeight) found.push(texts.currentNode.data.trim());
  }
  return found.filter(Boolean).join(" ");
});

const look = async (file, wanted, pdf) => {
  const seen = { errors: [], requests: [] };
  const page = await open(file, seen, { viewport: { width: 1280, height: 900 }, colorScheme: "light" });
  seen.screen = await firstScreen(page);
  const one = await table(page, wanted);
  const number = await one.evaluate(
    (found, column) => [...found.tHead.rows[0].cells].findIndex((cell) => cell.textContent === column), wanted);
  seen.sorting = { before: await columnOf(one, number), sorts: [] };
  const button = (await one.evaluateHandle((found, index) => found.tHead.rows[0].cells[index].querySelector("button"), number)).asElement();
  const state = () => one.evaluate((found, index) => found.tHead.rows[0].cells[index].getAttribute("aria-sort"), number);
  await button.click();
  seen.sorting.sorts.push([await state(), await columnOf(one, number)]);
  // From now on by keyboard alone.
  await button.focus();
  await page.keyboard.press("Enter");
  seen.sorting.sorts.push([await state(), await columnOf(one, number)]);
  await page.keyboard.press("Space");
  seen.sorting.sorts.push([await state(), await columnOf(one, number)]);

  const filter = (await one.evaluateHandle((found) => found.closest(".scroll").previousElementSibling)).asElement();
  const input = await filter.$("input"), count = await filter.$("output");
  const shown = () => one.evaluate((found) => [...found.tBodies[0].rows].filter((row) => row.offsetParent !== null)
    .map((row) => [...row.cells].slice(0, -1).map((cell) => cell.textContent).join(" ").toLowerCase()));
  const word = (await columnOf(one, 0))[0].split(/[ ,]/)[0].toLowerCase();
  seen.filter = { word, all: (await shown()).length, live: await count.getAttribute("aria-live"),
    label: await input.evaluate((found) => found.labels.length) };
  await input.focus();
  await page.keyboard.type(word);
  seen.filter.left = await shown();
  seen.filter.count = await count.textContent();
  await input.fill("nothing has this");
  seen.filter.none = (await shown()).length;
  await input.fill("");
  seen.filter.again = (await shown()).length;

  const map = await page.$(".map");
  if (map) {
    const said = () => page.locator("output.pointed").first().textContent();
    await map.focus();
    for (const key of ["ArrowDown", "ArrowRight"]) await page.keyboard.press(key);
    seen.map = { keyed: await said() };
    const drawn = await (await map.$("svg")).boundingBox(), number = (name) => map.evaluate((found, key) => found.dataset[key], name);
    const tops = (await number("tops")).split(" ").map(Number);
    const x = Number(await number("left")) + Number(await number("column")) / 2, y = tops.at(-1) + Number(await number("row")) / 2;
    await page.mouse.move(drawn.x + x * drawn.width, drawn.y + y * drawn.height);
    seen.map.pointed = await said();
    seen.map.last = await map.evaluate((found) => [...found.closest("figure").querySelectorAll("table.fields tbody tr")].at(-1).textContent);
  }

  seen.landmarks = await page.evaluate(() => ["header", "nav[aria-label]", "main", "footer"].filter((name) => document.querySelector(name)));
  seen.drawings = await page.evaluate(() => [...document.querySelectorAll("figure svg")].map((svg) => ({
    role: svg.getAttribute("role"), title: svg.querySelector(":scope > title")?.textContent ?? "",
    described: Boolean(document.getElementById(svg.getAttribute("aria-describedby"))),
    table: Boolean(svg.closest("figure").querySelector("table")),
  })));

  seen.light = { paper: await background(page), ink: await ink(page) };
  await page.emulateMedia({ colorScheme: "dark" });
  seen.dark = { paper: await background(page), ink: await ink(page) };
  await page.emulateMedia({ colorScheme: "light" });

  const closed = () => page.evaluate(() => [...document.querySelectorAll("details")].filter((d) => !d.open && !d.closest("td")).length);
  const before = await closed();
  const printed = await page.pdf({ path: pdf, preferCSSPageSize: true });
  seen.print = { head: printed.subarray(0, 5).toString("latin1"), bytes: printed.length, closed: [before, await closed()] };
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  seen.print.open = await closed();
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));

  const phone = await open(file, seen, { viewport: { width: 400, height: 800 }, deviceScaleFactor: 2 });
  await phone.keyboard.press("Tab");
  seen.skip = await phone.evaluate(() => [document.activeElement.className, document.activeElement.getAttribute("href")]);
  await phone.keyboard.press("Enter");
  seen.skipped = await phone.evaluate(() => location.hash);
  await phone.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
  seen.phone = await phone.evaluate(() => ({
    width: document.documentElement.scrollWidth,
    wide: [...document.querySelectorAll("body *")].filter((one) => !one.closest(".scroll") && !one.closest(".skip")
      && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 120)),
  }));

  const bare = await open(file, seen, { viewport: { width: 1280, height: 900 }, javaScriptEnabled: false });
  seen.bare = { rows: await bare.locator("table.data tbody tr").count(), buttons: await bare.locator("th button").count(),
    commands: await bare.locator("td.command code").count() };
  return seen;
};

const all = [];
for (let at = 0; at < asked.length; at += 3) all.push(await look(...asked.slice(at, at + 3)));
await browser.close();
console.log(JSON.stringify(all));
