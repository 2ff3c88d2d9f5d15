// The pages of events. They are loaded together, when the first of them is opened.

import { checkInView } from "./check_in.js";
import { eventView } from "./event.js";
import { eventsView } from "./events.js";

export const pages = { checkIn: checkInView, event: eventView, events: eventsView };
