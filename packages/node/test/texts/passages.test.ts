/** Documents cut into passages: where they begin, what they say, and what no document can do. */
import { describe, expect, it } from 'vitest';
import { textBlocks } from '../../src/texts/blocks.ts';
import { htmlBlocks } from '../../src/texts/html.ts';
import { markdownBlocks } from '../../src/texts/markdown.ts';
import { passagesOf } from '../../src/texts/passages.ts';

const words = (count: number, of = 'word'): string =>
  Array.from({ length: count }, (_, i) => `${of}${i}`).join(' ');

describe('Markdown', () => {
  it('gives passages with their headings, sections and lines', () => {
    const text = [
      '---',
      'title: not a heading',
      '---',
      '# Garden *tools*',
      '',
      'A [spade](https://example.org/spade) and a `rake`.',
      '',
      '## Care & use',
      '- oil them',
      '- dry them',
      '```sh',
      '# no heading',
      'rm rust',
      '```',
      '## Care & use',
      'again',
      '',
      'Setext',
      '------',
      '> quoted',
      '<!-- hidden -->',
    ].join('\n');
    expect(passagesOf(markdownBlocks(text))).toEqual([
      { section: 'garden-tools', title: 'Garden tools', line: 6, text: 'A spade and a rake .' },
      {
        section: 'care-use',
        title: 'Garden tools › Care & use',
        line: 9,
        text: 'oil them\ndry them\n# no heading\nrm rust',
      },
      { section: 'care-use-2', title: 'Garden tools › Care & use', line: 16, text: 'again' },
      { section: 'setext', title: 'Garden tools › Setext', line: 20, text: 'quoted' },
    ]);
  });

  it('has other lines where line ends are those of Windows or of old, all the same', () => {
    const lines = ['# A', '', 'one', '', '# B', 'two'];
    const expected = passagesOf(markdownBlocks(lines.join('\n')));
    expect(expected.map(({ line }) => line)).toEqual([3, 6]);
    for (const end of ['\r\n', '\r']) expect(passagesOf(markdownBlocks(lines.join(end)))).toEqual(expected);
  });
});

describe('HTML', () => {
  it('gives what a reader sees', () => {
    const html = `<!doctype html><html><head><title>Tools</title>
<style>p { color: red }</style><script>if (a < b) alert("no")</script></head>
<body><nav><p>menu</p></nav>
<h1>Garden <em>tools</em></h1>
<p>A sp<b>ade</b> &amp; a
   rake.</p><ul><li>one<li>two</ul>
<pre>  code
  more</pre>
<h2 id=x>Care</h2>last<br>line<template>no</template>
<svg><text>no</text></svg> end`;
    expect(passagesOf(htmlBlocks(html))).toEqual([
      {
        section: 'garden-tools',
        title: 'Garden tools',
        line: 5,
        text: 'A spade & a rake.\none\ntwo\ncode\nmore',
      },
      { section: 'care', title: 'Garden tools › Care', line: 9, text: 'last\nline\nend' },
    ]);
  });

  it.each([
    ['nothing', '', 0],
    ['an element that never ends', '<div'.repeat(20_000), 0],
    ['deep elements', `${'<div>'.repeat(9000)}deep`, 1],
    ['a script without an end', 'seen<script>let a = "x";', 1],
    ['half a surrogate by number', 'a &#xD800; b', 1],
  ])('takes %s', (_, html, count) => {
    const passages = passagesOf(htmlBlocks(html));
    expect(passages).toHaveLength(count);
    for (const { text } of passages) expect(/\p{Surrogate}/u.test(text)).toBe(false);
  });
});

it('refuses HTML that is nested without end', () => {
  expect(() => htmlBlocks(`${'<div>'.repeat(1_000_000)}deep`)).toThrow(/nested at most 10000 deep/);
});

describe('passages', () => {
  it('join short paragraphs, and cut long ones at sentences', () => {
    const text = [words(30, 'a'), words(40, 'b'), words(10, 'c')].join('\n\n');
    expect(passagesOf(textBlocks(text)).map(({ line, section }) => [line, section])).toEqual([
      [1, '1'],
      [5, '2'],
    ]);
    const sentences = Array.from({ length: 40 }, (_, i) => `${words(14, `s${i}x`)} end.`).join(' ');
    const cut = passagesOf(textBlocks(sentences));
    expect(cut.map(({ text: one }) => one).join(' ')).toBe(sentences);
    for (const { text: one } of cut) {
      expect(one.endsWith('end.')).toBe(true);
      expect(one.split(' ').length).toBeLessThanOrEqual(160);
    }
  });

  it('know the line within a long paragraph', () => {
    const lines = Array.from({ length: 40 }, (_, i) => `${words(10, `l${i + 1}x`)}.`);
    for (const { text, line } of passagesOf(textBlocks(lines.join('\n')))) {
      expect(text.startsWith(`l${line}x0`)).toBe(true);
    }
  });

  it('lose no character of words without end, and stay small', () => {
    const long = '😀x'.repeat(100_000);
    const passages = passagesOf(textBlocks(long));
    expect(passages.map(({ text }) => text).join('') === long).toBe(true);
    for (const { text } of passages) {
      expect(text.length).toBeLessThanOrEqual(4000);
      expect(/\p{Surrogate}/u.test(text)).toBe(false);
    }
    expect(new Set(passages.map(({ section }) => section)).size).toBe(passages.length);
    const [one] = passagesOf(markdownBlocks(`# ${'😀é'.repeat(5000)}\nx`));
    expect(Array.from(one?.title ?? '').length).toBe(300);
    expect(/\p{Surrogate}/u.test(`${one?.title}${one?.section}`)).toBe(false);
  });

  it('leave out what has no word, and name sections once', () => {
    expect(passagesOf(textBlocks('--- *** ---\n\n…'))).toEqual([]);
    const text = ['# a', 'x', '# a', 'x', '# a-2', 'x', '# 1', 'x', '# !', 'x'].join('\n');
    expect(passagesOf(markdownBlocks(text)).map(({ section }) => section)).toEqual([
      'a',
      'a-2',
      'a-2-2',
      '1',
      '2',
    ]);
  });

  it.each([
    ['brackets', '['.repeat(200_000)],
    ['parentheses', '[a]('.repeat(50_000)],
    ['angles', '<a'.repeat(100_000)],
    ['comments', '<!--'.repeat(50_000)],
    ['quotes', '>'.repeat(200_000)],
    ['stars', '* '.repeat(100_000)],
    ['fences', '```\n'.repeat(50_000)],
    ['headings', '# a\n'.repeat(50_000)],
    ['one section', `${'word '.repeat(70)}\n\n`.repeat(5000)],
    ['blanks', ` ${'\t '.repeat(200_000)}x`],
  ])('take no time that grows with its square: %s', { timeout: 10_000 }, (_, text) => {
    for (const blocks of [markdownBlocks, textBlocks, htmlBlocks]) passagesOf(blocks(text));
  });
});
