'use client';
// The app in a client component: posts its answer to the server that the page came from.
import { useEffect } from 'react';
import { search } from '../search.mjs';

export default function Page() {
  useEffect(() => {
    const outcome = { name: 'next page' };
    try {
      outcome.result = search();
    } catch (error) {
      outcome.error = `${error}\n${error?.stack}`;
    }
    fetch('/result', { method: 'POST', body: JSON.stringify(outcome) });
  }, []);
  return 'next';
}
