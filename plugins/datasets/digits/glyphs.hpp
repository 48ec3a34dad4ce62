// How the ten digits are written: strokes through a few points of the unit square, y downwards.
#pragma once

#include <span>
#include <vector>

namespace digits {

struct Point {
    double x, y;
};

struct Stroke {
    bool curved;  /// a smooth curve through the points, otherwise straight lines
    std::vector<Point> points;
};

using Glyph = std::vector<Stroke>;

/// The ways in which people write one digit.
inline std::span<const Glyph> handwritings(int digit) {
    static const std::vector<std::vector<Glyph>> all = {
        // 0
        {{{true,
           {{.5, 0},
            {.86, .2},
            {.95, .5},
            {.86, .8},
            {.5, 1},
            {.14, .8},
            {.05, .5},
            {.14, .2},
            {.5, 0}}}}},
        // 1: a stick; with a flag; with flag and foot
        {{{false, {{.5, 0}, {.5, 1}}}},
         {{false, {{.25, .22}, {.55, 0}, {.55, 1}}}},
         {{false, {{.3, .2}, {.55, 0}, {.55, 1}}}, {false, {{.2, 1}, {.9, 1}}}}},
        // 2: with a straight foot; with a loop
        {{{true, {{.1, .25}, {.3, .03}, {.7, .03}, {.88, .28}, {.65, .6}, {.1, 1}}},
          {false, {{.1, 1}, {.92, 1}}}},
         {{true,
           {{.12, .22},
            {.45, 0},
            {.85, .2},
            {.6, .65},
            {.15, .98},
            {.2, .75},
            {.55, .85},
            {.95, .98}}}}},
        // 3: round; with a flat top
        {{{true, {{.12, .1}, {.5, 0}, {.85, .22}, {.42, .47}}},
          {true, {{.42, .47}, {.92, .7}, {.5, 1}, {.1, .88}}}},
         {{false, {{.12, .02}, {.85, .02}, {.45, .4}}},
          {true, {{.45, .4}, {.92, .66}, {.55, 1}, {.1, .88}}}}},
        // 4: closed; open
        {{{false, {{.68, 1}, {.68, 0}, {.05, .68}, {.95, .68}}}},
         {{false, {{.18, 0}, {.1, .55}, {.9, .55}}}, {false, {{.76, .05}, {.72, 1}}}}},
        // 5
        {{{false, {{.85, 0}, {.22, 0}, {.17, .42}}},
          {true, {{.17, .42}, {.6, .36}, {.92, .66}, {.6, .98}, {.1, .9}}}}},
        // 6
        {{{true,
           {{.75, .02},
            {.35, .25},
            {.1, .65},
            {.3, .97},
            {.75, .95},
            {.88, .7},
            {.6, .5},
            {.15, .68}}}}},
        // 7: plain; with a bar
        {{{false, {{.08, 0}, {.92, 0}, {.4, 1}}}},
         {{false, {{.08, .02}, {.92, 0}, {.4, 1}}}, {false, {{.38, .5}, {.88, .48}}}}},
        // 8
        {{{true,
           {{.5, .47},
            {.17, .25},
            {.5, 0},
            {.83, .25},
            {.5, .47},
            {.1, .75},
            {.5, 1},
            {.9, .75},
            {.5, .47}}}}},
        // 9: with a straight leg; with a hook
        {{{true, {{.85, .28}, {.5, .5}, {.15, .28}, {.45, 0}, {.85, .2}}},
          {false, {{.85, .2}, {.7, 1}}}},
         {{true,
           {{.85, .28},
            {.5, .52},
            {.15, .28},
            {.5, 0},
            {.85, .25},
            {.82, .7},
            {.5, 1},
            {.15, .9}}}}},
    };
    return all[static_cast<std::size_t>(digit)];
}

}  // namespace digits
