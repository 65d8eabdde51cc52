/** Where frequencies lie on a mel spectrogram, and what its bytes mean. */

import type { Spectrogram } from "@gen/notreally/v1/audio_pb";
import type { SoundSeries } from "@gen/notreally/v1/series_pb";

/** Quietest and loudest level that can be told apart in the picture, of 255. */
const FLOOR = 20;
const CEILING = 200;

const MARKS_HZ = [125, 250, 500, 1000, 2000, 4000, 8000];

export interface FrequencyMark {
  label: string;
  /** Share of the height, from the bottom. */
  share: number;
}

/** From 0, nothing, to 1, loud. */
export function strength(level: number): number {
  return Math.min(1, Math.max(0, (level - FLOOR) / (CEILING - FLOOR)));
}

/** Round frequencies that are at least `apart` of the height from each other. */
export function frequencyMarks({ frequenciesHz, bands }: Spectrogram, apart = 0.15): FrequencyMark[] {
  const found: FrequencyMark[] = [];
  for (const hertz of MARKS_HZ) {
    const above = frequenciesHz.findIndex((centre) => centre >= hertz);
    const [low, high] = [frequenciesHz[above - 1], frequenciesHz[above]];
    if (low === undefined || high === undefined) continue;
    const share = (above - 1 + (hertz - low) / (high - low) + 0.5) / bands;
    if (share - (found.at(-1)?.share ?? -1) < apart) continue;
    found.push({ label: hertz < 1000 ? `${hertz}` : `${hertz / 1000}k`, share });
  }
  return found;
}

/** Level of the band that is loudest on average, and its frequency: the gist of the picture. */
export function loudestFrequency(sounds: readonly SoundSeries[]): number | null {
  const sums: number[] = [];
  for (const { spectrogram } of sounds) {
    if (!spectrogram) continue;
    spectrogram.levels.forEach((level, index) => {
      const band = index % spectrogram.bands;
      sums[band] = (sums[band] ?? 0) + level;
    });
  }
  const loudest = sums.indexOf(Math.max(...sums));
  return sounds.find((sound) => sound.spectrogram)?.spectrogram?.frequenciesHz[loudest] ?? null;
}
