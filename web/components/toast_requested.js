// Shows how many people have to accept before they join.

import { toast } from "./toast.js";

export function toastRequested(count) {
  if (count === 0) return;
  toast(count === 1 ? "1 person was asked to join" : `${count} people were asked to join`);
}
