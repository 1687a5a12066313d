// Builds referral_hub/web/static/build from referral_hub/web/assets and GOV.UK Frontend.
// Each file is named by the hash of what is in it, so that a browser may keep it for ever, and
// manifest.json says which name stands for which. No address outside this origin gets in.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "sass";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, "referral_hub", "web", "assets");
const built = join(root, "referral_hub", "web", "static", "build");
const govuk = join(root, "node_modules", "govuk-frontend", "dist", "govuk");

rmSync(built, { recursive: true, force: true });
mkdirSync(built, { recursive: true });
const manifest = {};

function put(name, content) {
  const bytes = Buffer.from(content);
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const hashed = name.replace(/(\.[^.]+)$/, `.${digest}$1`);
  writeFileSync(join(built, hashed), bytes);
  manifest[name] = hashed;
  return hashed;
}

const compiled = compile(join(sources, "hub.scss"), {
  loadPaths: [join(root, "node_modules")],
  quietDeps: true,
  style: "compressed",
});
const css = compiled.css.replace(/\.govuk-footer__(?:copyright-logo|crown)[^{}]*\{[^}]*\}/g, "");
if (/url\(|crown|crest|GDS Transport/i.test(css)) {
  throw new Error("hub.css refers to another file, the crown or GDS Transport");
}
put("hub.css", css);
const script = readFileSync(join(govuk, "govuk-frontend.min.js"), "utf8");
const library = put("govuk-frontend.min.js", script.replace(/\n?\/\/# sourceMappingURL=.*\n?$/, "\n"));
const start = readFileSync(join(sources, "hub.js"), "utf8");
put("hub.js", start.replace("./govuk-frontend.min.js", `./${library}`));
put("icon.svg", readFileSync(join(sources, "icon.svg")));
writeFileSync(join(built, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
