/** What a caller hears, made by the browser: the ring of the far end, and music while waiting. */

export type Tone = "ring" | "music";

const MELODY = [392, 494, 587, 494, 440, 523, 659, 523];
const NOTE_SECONDS = 0.45;

export class Tones {
  private readonly context = new AudioContext();
  private timer: ReturnType<typeof setInterval> | undefined;
  private step = 0;

  play(tone: Tone): void {
    this.stop();
    void this.context.resume();
    const sound = tone === "ring" ? () => this.ring() : () => this.note();
    sound();
    this.timer = setInterval(sound, tone === "ring" ? 4000 : NOTE_SECONDS * 1000);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  close(): void {
    this.stop();
    void this.context.close();
  }

  /** One second of ring in four, as in China and Europe. */
  private ring(): void {
    this.beep(450, 1, 0.08);
  }

  private note(): void {
    this.beep(MELODY[this.step++ % MELODY.length]!, NOTE_SECONDS, 0.05);
  }

  private beep(hertz: number, seconds: number, volume: number): void {
    const start = this.context.currentTime;
    const oscillator = this.context.createOscillator();
    const gain = this.context.createGain();
    oscillator.frequency.value = hertz;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(volume, start + 0.03);
    gain.gain.setValueAtTime(volume, start + seconds - 0.05);
    gain.gain.linearRampToValueAtTime(0, start + seconds);
    oscillator.connect(gain).connect(this.context.destination);
    oscillator.start(start);
    oscillator.stop(start + seconds);
  }
}
