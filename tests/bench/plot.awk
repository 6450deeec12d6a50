# plot.awk: draws rows of replay.tsv (what, threads, lines, bytes, seconds ...) as an SVG: seconds over lines, both
# axes logarithmic, so that a time that grows with the lines is a straight line.
BEGIN {
	FS = "\t"
	width = 720; height = 420; left = 70; right = 190; top = 40; bottom = 55
	split("#b2182b #ef8a62 #8c510a #2166ac #666666", colour, " ")
}

function decade(x) {
	return log(x) / log(10)
}

function place_x(n) {
	return left + (decade(n) - x0) / (x1 - x0) * (width - left - right)
}

function place_y(s) {
	return height - bottom - (decade(s) - y0) / (y1 - y0) * (height - top - bottom)
}

function down(x) {
	return int(x) - (x < int(x))
}

function text(x, y, anchor, size, words) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\">%s</text>\n", x, y, anchor, size, words
}

function line(a, b, c, d, stroke) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", a, b, c, d, stroke
}

function short(n) {
	return n >= 1000000 ? n / 1000000 " M" : n >= 1000 ? n / 1000 " k" : n ""
}

{
	name = $1 == "replay" ? "replay, " $2 " thread" ($2 > 1 ? "s" : "") : $1
	if (!(name in series))
		names[series[name] = ++n_series] = name
	points[name] = points[name] " " $3 ":" $5
	if (NR == 1 || $3 < least_x) least_x = $3
	if ($3 > most_x) most_x = $3
	if (NR == 1 || $5 < least_y) least_y = $5
	if ($5 > most_y) most_y = $5
}

END {
	if (n_series == 0)
		exit 1
	if (least_y <= 0)
		least_y = 0.001
	x0 = decade(least_x) - 0.1; x1 = decade(most_x) + 0.1
	y0 = down(decade(least_y)); y1 = down(decade(most_y)) + 1
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\">\n", \
		width, height, width, height
	printf "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", width, height
	text(left, 22, "start", 14, "Time to read a mail log; replay decides and stores every hit")
	for (y = y0; y <= y1; y++) {
		line(left, place_y(10 ^ y), width - right, place_y(10 ^ y), "#cccccc")
		text(left - 8, place_y(10 ^ y) + 4, "end", 12, 10 ^ y " s")
	}
	line(left, top, left, height - bottom, "#000000")
	line(left, height - bottom, width - right, height - bottom, "#000000")
	text(left + (width - left - right) / 2, height - 14, "middle", 12, "lines")
	for (i = 1; i <= n_series; i++) {
		n = split(points[names[i]], point, " ")
		printf "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s points=\"", colour[i], \
			names[i] ~ /^replay/ ? "" : " stroke-dasharray=\"6 4\""
		for (j = 1; j <= n; j++) {
			split(point[j], at, ":")
			printf "%.1f,%.1f ", place_x(at[1]), place_y(at[2] > 0 ? at[2] : 0.001)
		}
		print "\"/>"
		for (j = 1; j <= n; j++) {
			split(point[j], at, ":")
			printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", place_x(at[1]), place_y(at[2] > 0 ? at[2] : 0.001), colour[i]
			if (i == 1) {
				line(place_x(at[1]), height - bottom, place_x(at[1]), height - bottom + 5, "#000000")
				text(place_x(at[1]), height - bottom + 19, "middle", 12, short(at[1]))
			}
		}
		printf "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"4\" fill=\"%s\"/>\n", width - right + 16, top + 20 * i - 6, colour[i]
		text(width - right + 36, top + 20 * i, "start", 12, names[i] sprintf(": %.2f s", at[2]))
	}
	print "</svg>"
}
