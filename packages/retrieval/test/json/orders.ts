/** Generated orders: two people with addresses, a price, tags and a flag; and changed copies to search by. */
import { RandomStream } from '@sagitta/core-wasm';

export interface Person {
  readonly name: string;
  readonly age: number;
  readonly address: { readonly city: string; readonly zip: number };
}

export interface Order {
  readonly buyer: Person;
  readonly seller: Person;
  readonly price: number;
  readonly tags: readonly string[];
  readonly express: boolean;
}

const SYLLABLES = 'ba ke li mo nu ra se ti vo za fe gu ho ji pa ro'.split(' ');

export class Orders {
  readonly #random: RandomStream;
  readonly #cities: readonly string[];
  readonly #tags: readonly string[];

  constructor(seed: number) {
    this.#random = new RandomStream(seed, 'orders');
    this.#cities = Array.from({ length: 60 }, () => this.#word(3));
    this.#tags = Array.from({ length: 8 }, () => this.#word(2));
  }

  order(): Order {
    return {
      buyer: this.#person(),
      seller: this.#person(),
      price: Math.round(100 * Math.exp(2 + 4 * this.#random.nextUnit())) / 100,
      tags: Array.from({ length: 2 }, () => this.#pick(this.#tags)),
      express: this.#random.nextSign() > 0,
    };
  }

  /** Names and cities gone, price ± 15 %, ages ± 4, zips ± 300, a typo in each tag. */
  hard({ buyer, seller, price, tags, express }: Order): object {
    const person = ({ age, address }: Person): object => ({
      age: age + this.#around(4),
      address: { zip: address.zip + this.#around(300) },
    });
    return {
      buyer: person(buyer),
      seller: person(seller),
      price: price * (1 + 0.15 * (2 * this.#random.nextUnit() - 1)),
      tags: tags.map((tag) => this.#typo(tag)),
      express,
    };
  }

  /** Typos, price ± 8 %, ages ± 2. */
  light({ buyer, seller, price, tags, express }: Order): Order {
    const person = ({ name, age, address }: Person): Person => ({
      name: this.#typo(name),
      age: age + this.#around(2),
      address,
    });
    return {
      buyer: person(buyer),
      seller: person(seller),
      price: price * (1 + 0.08 * (2 * this.#random.nextUnit() - 1)),
      tags,
      express,
    };
  }

  #person(): Person {
    return {
      name: `${this.#word(2)} ${this.#word(3)}`,
      age: 18 + this.#random.nextBelow(70),
      address: { city: this.#pick(this.#cities), zip: 20_000 + this.#random.nextBelow(40_000) },
    };
  }

  #word(syllables: number): string {
    return Array.from({ length: syllables }, () => this.#pick(SYLLABLES)).join('');
  }

  #pick(from: readonly string[]): string {
    return from[this.#random.nextBelow(from.length)] as string;
  }

  #around(most: number): number {
    return this.#random.nextBelow(2 * most + 1) - most;
  }

  #typo(text: string): string {
    const at = this.#random.nextBelow(text.length);
    return `${text.slice(0, at)}x${text.slice(at + 1)}`;
  }
}
