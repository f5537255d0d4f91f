/** Light or dark: as the system has it, until the button says otherwise. */

export function installTheme(button: HTMLButtonElement): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  let chosen: 'light' | 'dark' | undefined;
  const apply = (): void => {
    const theme = chosen ?? (system.matches ? 'dark' : 'light');
    document.documentElement.dataset['theme'] = theme;
    button.textContent = theme === 'dark' ? 'Light' : 'Dark';
    button.setAttribute('aria-label', `Use the ${theme === 'dark' ? 'light' : 'dark'} theme`);
  };
  system.addEventListener('change', apply);
  button.addEventListener('click', () => {
    chosen = document.documentElement.dataset['theme'] === 'dark' ? 'light' : 'dark';
    apply();
  });
  apply();
}
