// The pages for moderators. They are loaded together, when the first of them is opened.

import { moderationAppealsView } from "./moderation_appeals.js";
import { moderationAuditView } from "./moderation_audit.js";
import { moderationPeopleView } from "./moderation_people.js";
import { moderationRegistrationsView } from "./moderation_registrations.js";
import { moderationReportsView, moderationReportView } from "./moderation_reports.js";

export const pages = {
  appeals: moderationAppealsView,
  audit: moderationAuditView,
  people: moderationPeopleView,
  registrations: moderationRegistrationsView,
  report: moderationReportView,
  reports: moderationReportsView,
};
