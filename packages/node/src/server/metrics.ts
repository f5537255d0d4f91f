/** Counts of requests and how long they took, in the text format of Prometheus. */

/** Upper bounds of the histogram, in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Timings {
  /** Of each bound the requests within it and above the one before; at the end those above all. */
  readonly counts: number[];
  sum: number;
}

/** A number that is what it is at the moment. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly value: number;
}

export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #timings = new Map<string, Timings>();

  /** route — its pattern, so that there are as many lines as routes */
  count(method: string, route: string, status: number, seconds: number): void {
    const labels = `method="${method}",route="${route}"`;
    const key = `${labels},status="${status}"`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    let timings = this.#timings.get(labels);
    if (!timings) {
      timings = { counts: new Array<number>(BOUNDS.length + 1).fill(0), sum: 0 };
      this.#timings.set(labels, timings);
    }
    const bound = BOUNDS.findIndex((one) => seconds <= one);
    const place = bound < 0 ? BOUNDS.length : bound;
    timings.counts[place] = (timings.counts[place] as number) + 1;
    timings.sum += seconds;
  }

  text(gauges: readonly Gauge[]): string {
    const lines = [
      ...head('sagitta_requests_total', 'counter', 'Requests by method, route and status.'),
      ...Array.from(this.#requests, ([labels, count]) => `sagitta_requests_total{${labels}} ${count}`),
      ...head('sagitta_request_seconds', 'histogram', 'How long requests took.'),
      ...Array.from(this.#timings, histogramLines).flat(),
    ];
    for (const { name, help, value } of gauges) lines.push(...head(name, 'gauge', help), `${name} ${value}`);
    return `${lines.join('\n')}\n`;
  }
}

function head(name: string, type: string, help: string): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function histogramLines([labels, { counts, sum }]: readonly [string, Timings]): string[] {
  let total = 0;
  const lines = counts.map((count, i) => {
    total += count;
    return `sagitta_request_seconds_bucket{${labels},le="${BOUNDS[i] ?? '+Inf'}"} ${total}`;
  });
  return [
    ...lines,
    `sagitta_request_seconds_sum{${labels}} ${sum}`,
    `sagitta_request_seconds_count{${labels}} ${total}`,
  ];
}
