// Here is the making of the page's types from the monitor's contract; `npm run client` runs it.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const contract = await readFile(new URL("../openapi.json", import.meta.url));
const hash = createHash("sha256").update(contract).digest("hex");
const types = astToString(await openapiTS(JSON.parse(contract.toString("utf8"))));
const head = `// Made by \`npm run client\`: do not edit.\n// SHA-256 of openapi.json: ${hash}\n\n`;
await writeFile(new URL("src/generated/api.ts", import.meta.url), head + types);
