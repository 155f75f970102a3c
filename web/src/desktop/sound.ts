/** The ring of an offer, made by the browser itself: no file to load. */

let context: AudioContext | null = null;

/** Browsers allow sound only after the user has done something; the first click or key prepares it. */
export function prepareSound(): void {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
}

/** Two soft notes every two seconds until the returned function is called. */
export function ring(): () => void {
  chime();
  const timer = setInterval(chime, 2000);
  return () => clearInterval(timer);
}

/** Two soft notes. */
export function chime(): void {
  if (!context || context.state !== "running") return;
  note(context, 784, 0);
  note(context, 988, 0.18);
}

function note(audio: AudioContext, hertz: number, after: number): void {
  const start = audio.currentTime + after;
  const oscillator = audio.createOscillator();
  const gain = audio.createGain();
  oscillator.frequency.value = hertz;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(0.15, start + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, start + 0.5);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.5);
}
