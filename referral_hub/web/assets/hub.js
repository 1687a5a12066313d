// Everything works without this. Where scripts run, GOV.UK Frontend moves focus to an error summary,
// counts characters and stops a double press on a button.
import { initAll } from "./govuk-frontend.min.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();
