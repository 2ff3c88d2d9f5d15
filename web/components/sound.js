// A short tone for new messages, off until the user switches it on in this browser. Made, not loaded.

import { pause } from "../network/backoff.js";

const STORAGE_KEY = "convene.sound";
const LOCK = "convene.sound";
const TONES_HZ = [660, 880];
const TONE_S = 0.09;
const VOLUME = 0.08;
const PAUSE_MS = 2_000;

let context = null;
let lastMs = 0;

export function isSoundOn() {
  return localStorage.getItem(STORAGE_KEY) === "on";
}

export function setSound(on) {
  localStorage.setItem(STORAGE_KEY, on ? "on" : "off");
  if (on) play();
}

// A burst of messages is one tone, in all tabs together.
export function playSound() {
  if (!isSoundOn() || Date.now() - lastMs < PAUSE_MS) return;
  lastMs = Date.now();
  if (navigator.locks) navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => lock && playAlone());
  else play();
}

async function playAlone() {
  play();
  await pause(PAUSE_MS);
}

function play() {
  context ??= new AudioContext();
  const volume = new GainNode(context, { gain: VOLUME });
  volume.connect(context.destination);
  TONES_HZ.forEach((frequency, index) => {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(volume);
    const start = context.currentTime + index * TONE_S;
    tone.start(start);
    tone.stop(start + TONE_S);
  });
}
