
(() => {
	'use strict';
	// As light as they may be on white and as dark as they may be on black.
	const colours = ['#0072b2', '#d55e00', '#009e73', '#c2699b', '#3a93c8', '#b07a00', '#7a7a7a'];
	const line = 18, wide = 190, weakest = 0.02;

	function make(name, parent, className, text) {
		const e = document.createElement(name);
		if (className) e.className = className;
		if (text !== undefined) e.textContent = text;
		if (name === 'button') e.type = 'button';
		parent.append(e);
		return e;
	}

	// One of a group of buttons is reached with the Tab key, its neighbours with arrows.
	function group(buttons, keys, beside) {
		buttons.forEach((b, i) => {
			b.tabIndex = i === 0 ? 0 : -1;
			b.addEventListener('focus', () => buttons.forEach(o => { o.tabIndex = o === b ? 0 : -1; }));
			b.addEventListener('keydown', e => {
				const to = { [keys[0]]: buttons[i - 1], [keys[1]]: buttons[i + 1], Home: buttons[0], End: buttons[buttons.length - 1] }[e.key]
					|| beside && beside(e.key, i);
				if (!to) return;
				e.preventDefault();
				e.stopPropagation();
				to.focus();
			});
		});
	}

	function percent(v) {
		return v >= 0.0995 ? Math.round(100 * v) + ' %' : (100 * v).toFixed(1) + ' %';
	}

	function view(root) {
		const data = JSON.parse(root.dataset.view), raw = atob(root.dataset.weights);
		const n = data.tokens.length, triangle = n * (n + 1) / 2;
		const first = [];
		let heads = 0;
		for (const l of data.layers) {
			first.push(heads);
			heads += l.heads.length;
		}
		let layer = 0, chosen = data.layers[0].heads.map(() => true);
		let over = null, pinned = null; // {side, i}: side 0 is the queries, 1 the keys

		const weight = (h, q, k) => {
			if (k > q) return 0;
			const at = 2 * ((first[layer] + h) * triangle + q * (q + 1) / 2 + k);
			return (raw.charCodeAt(at) | raw.charCodeAt(at + 1) << 8) / 65535;
		};
		const between = (h, side, i, j) => side === 0 ? weight(h, i, j) : weight(h, j, i);
		const row = i => data.hidden && i >= data.before ? i + 1 : i;
		const colour = h => colours[h % colours.length];
		const name = i => data.tokens[i] + ' (' + data.places[i] + ')';

		root.textContent = '';
		root.setAttribute('role', 'group');
		root.setAttribute('aria-label', data.title);
		make('div', root, 'hv-title', data.title);
		const bar = make('div', root, 'hv-bar');
		if (data.layers.length > 1) {
			const select = make('select', bar);
			select.setAttribute('aria-label', 'layer');
			data.layers.forEach(l => make('option', select, '', l.name));
			select.addEventListener('change', () => {
				layer = select.selectedIndex;
				const l = data.layers[layer];
				if (l.heads.length !== chosen.length) chosen = l.heads.map(() => true);
				tiles();
				show();
			});
		}
		make('span', bar, '', 'heads');
		const tileBox = make('div', bar, 'hv-heads');
		tileBox.setAttribute('role', 'group');
		tileBox.setAttribute('aria-label', 'heads; a double click or Shift picks one alone');
		const all = make('button', bar, '', 'all');
		all.addEventListener('click', () => {
			const on = !chosen.every(Boolean);
			chosen = chosen.map(() => on);
			press();
			show();
		});

		let buttons = [];
		function tiles() {
			tileBox.textContent = '';
			buttons = data.layers[layer].heads.map((text, h) => {
				const b = make('button', tileBox, '', text);
				b.style.setProperty('--hv', colour(h));
				b.setAttribute('aria-label', 'head ' + text);
				const alone = () => { chosen = chosen.map((_, o) => o === h); };
				b.addEventListener('click', e => {
					if (e.shiftKey) alone(); else chosen[h] = !chosen[h];
					press();
					show();
				});
				b.addEventListener('dblclick', () => { alone(); press(); show(); });
				return b;
			});
			group(buttons, ['ArrowLeft', 'ArrowRight']);
			press();
		}
		function press() {
			buttons.forEach((b, h) => b.setAttribute('aria-pressed', chosen[h]));
			all.textContent = chosen.every(Boolean) ? 'none' : 'all';
		}

		const box = make('div', root, 'hv-view');
		make('b', box);
		make('b', box, 'hv-left', 'query ');
		make('b', box);
		make('b', box, '', ' key');
		make('b', box);
		const rows = n + (data.hidden ? 1 : 0);
		const sums = [], tokens = [];
		function column(side) {
			const c = make('div', box, side === 0 ? 'hv-left' : 'hv-right');
			c.setAttribute('role', 'group');
			c.setAttribute('aria-label', side === 0 ? 'queries' : 'keys');
			tokens[side] = data.tokens.map((text, i) => {
				if (data.hidden && i === data.before) make('div', c, 'hv-gap', '⋯ ' + data.hidden + ' more');
				const long = Array.from(text);
				const b = make('button', c, '', long.length > 16 ? long.slice(0, 15).join('') + '…' : text);
				b.title = name(i);
				b.setAttribute('aria-pressed', 'false');
				b.addEventListener('pointerenter', e => { if (e.pointerType !== 'touch') point({ side, i }); });
				b.addEventListener('focus', () => point({ side, i }));
				b.addEventListener('blur', () => point(null));
				b.addEventListener('click', () => {
					pinned = pinned && pinned.side === side && pinned.i === i ? null : { side, i };
					show();
				});
				b.addEventListener('keydown', e => {
					if (e.key !== 'Escape' || !pinned) return;
					pinned = null;
					show();
				});
				return b;
			});
			c.addEventListener('pointerleave', () => point(null));
		}
		function sumColumn(side) {
			const c = make('div', box, side === 0 ? 'hv-leftsum' : 'hv-rightsum');
			sums[side] = Array.from({ length: rows }, () => make('div', c, 'hv-sum'));
		}
		sumColumn(0);
		column(0);
		const canvas = make('canvas', box);
		canvas.setAttribute('aria-hidden', 'true');
		column(1);
		sumColumn(1);
		group(tokens[0], ['ArrowUp', 'ArrowDown'], (key, i) => key === 'ArrowRight' && tokens[1][i]);
		group(tokens[1], ['ArrowUp', 'ArrowDown'], (key, i) => key === 'ArrowLeft' && tokens[0][i]);
		const say = make('div', root, 'hv-say');
		say.setAttribute('aria-live', 'polite');
		make('div', root, 'hv-note', 'Lines from ' + 100 * weakest + ' % up. Click or press Enter to keep a token, Escape to let go; arrow keys move. Shift with a head picks it alone.'
			+ (data.hidden ? ' Tokens ' + data.before + ' to ' + (data.before + data.hidden - 1) + ' are left out; what falls on them is in their line.' : ''));

		function point(to) {
			over = to;
			show();
		}

		let due = false;
		function show() {
			if (due) return;
			due = true;
			requestAnimationFrame(() => {
				due = false;
				render();
			});
		}

		function render() {
			const on = over || pinned, hs = [];
			chosen.forEach((c, h) => { if (c) hs.push(h); });
			lines(on, hs);
			for (const side of [0, 1]) tokens[side].forEach((b, i) => {
				b.classList.toggle('hv-on', !!on && on.side === side && on.i === i);
				b.setAttribute('aria-pressed', !!pinned && pinned.side === side && pinned.i === i);
				sums[side][row(i)].textContent = '';
			});
			if (data.hidden) for (const s of sums) s[data.before].textContent = '';
			if (!on || !hs.length) {
				say.textContent = hs.length ? 'Point at a token to see its weights, the mean over the heads picked.' : 'No head is picked.';
				return;
			}
			const list = [];
			const parts = hs.map(() => 1); // of each head, what falls on tokens left out
			for (let j = 0; j < n; j++) {
				const each = hs.map(h => between(h, on.side, on.i, j));
				each.forEach((v, at) => { parts[at] -= v; });
				const mean = each.reduce((a, b) => a + b, 0) / hs.length;
				sum(sums[1 - on.side][row(j)], hs, each, mean);
				list.push({ j, mean });
			}
			if (data.hidden && on.side === 0 && on.i >= data.before) {
				const rest = parts.map(v => Math.max(v, 0));
				sum(sums[1][data.before], hs, rest, rest.reduce((a, b) => a + b, 0) / hs.length);
			}
			list.sort((a, b) => b.mean - a.mean);
			const most = list.slice(0, 4).filter(x => x.mean >= 0.005).map(x => name(x.j) + ' ' + percent(x.mean));
			say.textContent = (on.side === 0 ? name(on.i) + ' looks at ' : name(on.i) + ' is looked at by ') + (most.join(', ') || 'nothing above 0.5 %')
				+ (hs.length > 1 ? ', in the mean of ' + hs.length + ' heads' : ', in head ' + data.layers[layer].heads[hs[0]]) + '.';
		}

		function sum(cell, hs, each, mean) {
			if (mean < 0.005) return;
			make('em', cell, '', percent(mean));
			const bars = make('span', cell);
			hs.forEach((h, at) => {
				const px = 64 * each[at] / hs.length;
				const i = make('i', bars);
				i.style.width = px.toFixed(2) + 'px';
				i.style.background = colour(h);
			});
		}

		function lines(on, hs) {
			const ratio = window.devicePixelRatio || 1, high = rows * line;
			canvas.width = wide * ratio;
			canvas.height = high * ratio;
			// The page may have rules of its own for pictures.
			canvas.style.cssText = 'display:block;max-width:none;background:none;width:' + wide + 'px;height:' + high + 'px';
			const g = canvas.getContext('2d');
			g.scale(ratio, ratio);
			const apart = Math.min(2, 10 / Math.max(hs.length, 1));
			hs.forEach((h, at) => {
				g.strokeStyle = colour(h);
				g.lineWidth = on ? 2 : 1.5;
				const shift = (at - (hs.length - 1) / 2) * apart;
				for (let q = 0; q < n; q++) {
					if (on && on.side === 0 && q !== on.i) continue;
					for (let k = 0; k <= q; k++) {
						if (on && on.side === 1 && k !== on.i) continue;
						const v = weight(h, q, k);
						if (v < weakest) continue;
						g.globalAlpha = on ? 0.2 + 0.8 * v : v * Math.min(0.8, 3 / hs.length);
						g.beginPath();
						g.moveTo(0, (row(q) + 0.5) * line + shift);
						g.lineTo(wide, (row(k) + 0.5) * line + shift);
						g.stroke();
					}
				}
			});
		}

		tiles();
		render();
	}

	for (const root of document.querySelectorAll('div.loupe-headview')) {
		if (root.loupeHeadView) continue;
		root.loupeHeadView = true;
		view(root);
	}
})();
