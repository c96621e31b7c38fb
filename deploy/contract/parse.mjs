// Parses an AsyncAPI document with the official parser and prints what it has to say, as JSON.
// Usage: node parse.mjs DOCUMENT, in a folder where @asyncapi/parser is installed.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
const said = diagnostics.map(({ severity, code, path, message }) => ({
  severity,
  code: String(code),
  path: path.join("/"),
  message,
}));
const channels = document ? document.channels().all().map((channel) => channel.address()) : [];
const messages = document ? document.messages().all().map((message) => message.name()) : [];
process.stdout.write(JSON.stringify({ diagnostics: said, channels, messages }));
