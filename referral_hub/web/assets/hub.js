// Everything works without this. Where scripts run, GOV.UK Frontend moves focus to an error summary,
// counts characters and stops a double press on a button.
import { initAll } from "./govuk-frontend.min.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

// Going back to a page of the referral's form that was refused shows that page, and not a question
// whether to send it twice.
if (document.querySelector("[data-hub-go-back]")) {
  history.replaceState(null, "", location.href);
}
