// `npm run release`: publishes the tarballs that the checks looked at, lowest layer first; versions that are out already are
// left alone. `-- --dry-run` packs, checks and says what it would publish. Trusted publishing of the CI host adds provenance.
import { packAll } from './checks/pack.mjs';
import { PUBLIC_PACKAGES, readManifest } from './checks/packages.mjs';
import { packedPackages } from './checks/packed-packages.mjs';
import { execute, mustExecute } from './checks/process.mjs';

const isDryRun = process.argv.includes('--dry-run');

console.log(await packedPackages());
const tarballs = await packAll();
for (const folder of PUBLIC_PACKAGES) {
  const { name, version } = await readManifest(folder);
  const published = await execute('npm', ['view', `${name}@${version}`, 'version']);
  if (published.code === 0 && published.stdout.trim() === version) {
    console.log(`${name}@${version} is out`);
  } else if (isDryRun) {
    console.log(`${name}@${version} would be published from ${tarballs.get(folder).tarball}`);
  } else {
    await mustExecute('npm', ['publish', tarballs.get(folder).tarball, '--access', 'public']);
    console.log(`${name}@${version} published`);
  }
}
if (!isDryRun) await mustExecute('npx', ['--no-install', 'changeset', 'tag']);
