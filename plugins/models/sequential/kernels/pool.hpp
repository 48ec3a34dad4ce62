// Maximum and mean over windows, and their gradients; the maximum's uses the index.
#pragma once

#include "kernels/bits.hpp"

namespace sequential {
namespace {

constexpr std::int32_t low = 128;  // added to the position of a maximum that is not above zero

struct Span {
    std::int64_t from, to;
};

// The part of a window that lies inside [0, size).
inline Span window(std::int64_t start, std::int64_t kernel, std::int64_t size) {
    return {start < 0 ? -start : 0, start + kernel > size ? size - start : kernel};
}

bool tiles(const Pool &p) {
    return p.stride == p.kernel && p.padding == 0 && p.out_height * p.stride == p.height &&
           p.out_width * p.stride == p.width;
}

// Calls visit(out, corner, rows, columns) for every window: the places of its result and its upper
// left pixel, and its part inside the image. `Tile`: the side, as a compile-time constant, of
// windows that neither overlap nor leave the image; otherwise 0.
template <int Tile, class Visit>
inline void for_windows(const Pool &p, Visit visit) {
    for (std::int64_t b = 0; b < p.blocks; ++b)
        for (std::int64_t oy = 0; oy < p.out_height; ++oy)
            for (std::int64_t ox = 0; ox < p.out_width; ++ox) {
                const std::int64_t out = ((b * p.out_height + oy) * p.out_width + ox) * B;
                const std::int64_t y = oy * p.stride - p.padding, x = ox * p.stride - p.padding;
                const std::int64_t corner = ((b * p.height + y) * p.width + x) * B;
                if constexpr (Tile != 0)
                    visit(out, corner, Span{0, Tile}, Span{0, Tile});
                else
                    visit(out, corner, window(y, p.kernel, p.height), window(x, p.kernel, p.width));
            }
}

template <int Tile>
inline void max_pool_of(const Pool &p, const float *x, float *y, std::uint8_t *index) {
    for_windows<Tile>(p, [&](std::int64_t out, std::int64_t corner, Span rows, Span columns) {
        const std::int64_t kernel = Tile != 0 ? Tile : p.kernel;
        Vector best = Vector{} - __builtin_inff();
        Mask where = Mask{} + static_cast<std::int32_t>(rows.from * kernel + columns.from);
        for (std::int64_t ky = rows.from; ky < rows.to; ++ky)
            for (std::int64_t kx = columns.from; kx < columns.to; ++kx) {
                const Vector v = load(x + corner + (ky * p.width + kx) * B);
                const Mask wins = (v > best) | (v != v);
                best = wins ? v : best;
                where = wins ? Mask{} + static_cast<std::int32_t>(ky * kernel + kx) : where;
            }
        where |= best > 0.0F ? Mask{} : Mask{} + low;
        store(y + out, best);
        narrow(where, index + out);
    });
}

void max_pool(const Pool &p, const float *x, float *y, std::uint8_t *index) {
    if (tiles(p) && p.kernel == 2)
        max_pool_of<2>(p, x, y, index);
    else
        max_pool_of<0>(p, x, y, index);
}

template <int Tile>
inline void max_pool_gradient_of(const Pool &p, const std::uint8_t *index, const float *g,
                                 float *dx) {
    for_windows<Tile>(p, [&](std::int64_t out, std::int64_t corner, Span rows, Span columns) {
        const Mask found = widen(index + out);
        const Mask where = found & ~low;
        Vector value = load(g + out);
        if (p.activation) value = found == where ? value : p.slope * value;
        const std::int64_t kernel = Tile != 0 ? Tile : p.kernel;
        for (std::int64_t ky = rows.from; ky < rows.to; ++ky)
            for (std::int64_t kx = columns.from; kx < columns.to; ++kx) {
                const Mask hit = where == static_cast<std::int32_t>(ky * kernel + kx);
                float *to = dx + corner + (ky * p.width + kx) * B;
                const Vector part = hit ? value : Vector{};
                // Tiles write every value once, so zeroing is unnecessary.
                store(to, Tile != 0 ? part : load(to) + part);
            }
    });
}

void max_pool_gradient(const Pool &p, const std::uint8_t *index, const float *g, float *dx) {
    if (tiles(p) && p.kernel == 2) return max_pool_gradient_of<2>(p, index, g, dx);
    for (std::int64_t i = 0; i < p.blocks * p.height * p.width; ++i) store(dx + i * B, Vector{});
    max_pool_gradient_of<0>(p, index, g, dx);
}

void average_pool(const Pool &p, const float *x, float *y) {
    const float share = 1.0F / static_cast<float>(p.kernel * p.kernel);
    for_windows<0>(p, [&](std::int64_t out, std::int64_t corner, Span rows, Span columns) {
        Vector sum{};
        for (std::int64_t ky = rows.from; ky < rows.to; ++ky)
            for (std::int64_t kx = columns.from; kx < columns.to; ++kx)
                sum += load(x + corner + (ky * p.width + kx) * B);
        store(y + out, sum * share);
    });
}

void average_pool_gradient(const Pool &p, const float *g, float *dx) {
    const float share = 1.0F / static_cast<float>(p.kernel * p.kernel);
    for (std::int64_t i = 0; i < p.blocks * p.height * p.width; ++i) store(dx + i * B, Vector{});
    for_windows<0>(p, [&](std::int64_t out, std::int64_t corner, Span rows, Span columns) {
        const Vector part = load(g + out) * share;
        for (std::int64_t ky = rows.from; ky < rows.to; ++ky)
            for (std::int64_t kx = columns.from; kx < columns.to; ++kx) {
                float *to = dx + corner + (ky * p.width + kx) * B;
                store(to, load(to) + part);
            }
    });
}

void channel_means(std::int64_t blocks, std::int64_t plane, const float *x, float *y) {
    for (std::int64_t b = 0; b < blocks; ++b) {
        Vector sum{};
        for (std::int64_t i = 0; i < plane; ++i) sum += load(x + (b * plane + i) * B);
        store(y + b * B, sum / static_cast<float>(plane));
    }
}

void channel_means_gradient(std::int64_t blocks, std::int64_t plane, const float *g, float *dx) {
    for (std::int64_t b = 0; b < blocks; ++b) {
        const Vector part = load(g + b * B) / static_cast<float>(plane);
        for (std::int64_t i = 0; i < plane; ++i) store(dx + (b * plane + i) * B, part);
    }
}

}  // namespace
}  // namespace sequential
