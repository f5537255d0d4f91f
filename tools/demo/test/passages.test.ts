import { expect, test } from 'vitest';
import { collectPassages, splitMarkdown } from '../src/passages.ts';

const words = (n: number, word = 'word'): string =>
  Array.from({ length: n }, (_, i) => `${word}${i}xy`).join(' ');

test('keeps the headings above a passage', () => {
  const text = `# Top\n\n${words(20, 'a')}\n\n## Inner #\n\n${words(20, 'b')}\n\nOther\n-----\n\n${words(20, 'c')}`;
  expect(splitMarkdown({ name: 'x.md', text }).map((passage) => passage.heading)).toEqual([
    'Top',
    'Top › Inner',
    'Top › Other',
  ]);
});

test('joins short paragraphs and cuts long ones, up to 120 words', () => {
  const text = `${`${words(20)}\n\n`.repeat(9)}\n${words(500)}`;
  const counts = splitMarkdown({ name: 'x.md', text }).map((passage) => passage.text.split(' ').length);
  expect(counts.reduce((sum, count) => sum + count)).toBe(680);
  expect(Math.max(...counts)).toBeLessThanOrEqual(120);
  expect(counts.slice(0, 3)).toEqual([60, 60, 60]);
});

test('removes marks, links, HTML and comments, and keeps the first lines of code', () => {
  const code = Array.from({ length: 20 }, (_, i) => `call${i}()`).join('\n');
  const text = `<!-- hidden\n words -->**Bold** [link text](https://x.y/z) <b>tag</b> \`code\` and snake_case words for this passage\n\n\`\`\`js\n# no heading\n${code}\n\`\`\`\n`;
  const [passage] = splitMarkdown({ name: 'x.md', text });
  expect(passage?.heading).toBe('');
  expect(passage?.text).toBe(
    'Bold link text tag code and snake_case words for this passage # no heading call0() call1() call2() call3() call4()',
  );
});

test('drops repetitions and passages without prose', () => {
  const text = `# A\n\n${words(20)}`;
  const files = [
    { name: 'a.md', text },
    { name: 'b.md', text: `${text}.` },
    { name: 'c.md', text: '# B\n\n1 2 3 4 5 6 7 8 9 10' },
  ];
  expect(collectPassages(files).map((passage) => passage.file)).toEqual(['a.md']);
});

test('thins evenly above the maximum', () => {
  const files = Array.from({ length: 10 }, (_, i) => ({ name: `${i}.md`, text: words(20, `f${i}n`) }));
  expect(collectPassages(files, 4).map((passage) => passage.file)).toEqual(['0.md', '2.md', '5.md', '7.md']);
});
