// From a glyph and a stream of random numbers to an image of 28x28.
#pragma once

#include "glyphs.hpp"

#include <spar/philox.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace digits {

constexpr int side = 28;

/// Uniform numbers, in sequence.
class Dice {
  public:
    Dice(std::uint64_t key, std::int64_t index) : random_(key, index) {}
    double between(double low, double high) {
        return low + (high - low) * static_cast<double>(random_.uniform(next_++));
    }
    std::int64_t below(std::int64_t count) { return random_.below(next_++, count); }

  private:
    spar::Random random_;
    std::int64_t next_ = 0;
};

/// A random map from the unit square to pixels: an affine map, and before it an elastic one, the
/// sum of two plane waves in each direction.
class Distortion {
  public:
    Distortion(Dice &dice, double strength) {
        const double angle = strength * dice.between(-0.3, 0.3);
        const double shear = strength * dice.between(-0.35, 0.35);
        const double height = 20 * (1 + strength * dice.between(-0.2, 0.15));
        const double width = 13 * (1 + strength * dice.between(-0.3, 0.3));
        const double c = std::cos(angle), s = std::sin(angle);
        matrix_ = {c * width, (c * shear - s) * height, s * width, (s * shear + c) * height};
        offset_ = {side / 2.0 + strength * dice.between(-2.5, 2.5),
                   side / 2.0 + strength * dice.between(-2.5, 2.5)};
        for (Wave &wave : waves_)
            wave = {strength * dice.between(-0.05, 0.05), dice.between(2, 6), dice.between(2, 6),
                    dice.between(0, 6.2832)};
    }

    Point operator()(Point p) const {
        const double x = p.x - 0.5 + waves_[0].at(p) + waves_[1].at(p);
        const double y = p.y - 0.5 + waves_[2].at(p) + waves_[3].at(p);
        return {matrix_[0] * x + matrix_[1] * y + offset_.x,
                matrix_[2] * x + matrix_[3] * y + offset_.y};
    }

  private:
    struct Wave {
        double height, along_x, along_y, phase;
        double at(Point p) const {
            return height * std::sin(along_x * p.x + along_y * p.y + phase);
        }
    };
    std::array<double, 4> matrix_{};
    Point offset_{};
    std::array<Wave, 4> waves_{};
};

/// The distance of every pixel's centre from the nearest stroke, up to `reach` pixels.
class Canvas {
  public:
    explicit Canvas(float reach) : reach_(reach) { squares_.fill(reach * reach); }

    void line(Point from, Point to) {
        const auto ax = static_cast<float>(from.x), ay = static_cast<float>(from.y);
        const auto dx = static_cast<float>(to.x) - ax, dy = static_cast<float>(to.y) - ay;
        const float scale = 1.0F / std::max(dx * dx + dy * dy, 1e-6F);
        const auto [x_begin, x_end] = pixels(ax, ax + dx);
        const auto [y_begin, y_end] = pixels(ay, ay + dy);
        for (int y = y_begin; y < y_end; ++y) {
            float *row = squares_.data() + y * side;
            const float py = static_cast<float>(y) + 0.5F - ay;
            for (int x = x_begin; x < x_end; ++x) {
                const float px = static_cast<float>(x) + 0.5F - ax;
                const float along = std::clamp((px * dx + py * dy) * scale, 0.0F, 1.0F);
                const float ex = px - along * dx, ey = py - along * dy;
                row[x] = std::min(row[x], ex * ex + ey * ey);
            }
        }
    }

    float distance(int pixel) const { return std::sqrt(squares_[static_cast<std::size_t>(pixel)]); }

  private:
    /// The range of pixels within reach of an interval.
    std::pair<int, int> pixels(float a, float b) const {
        const float low = std::floor(std::min(a, b) - reach_), high = std::max(a, b) + reach_;
        return {static_cast<int>(std::clamp(low, 0.0F, static_cast<float>(side))),
                static_cast<int>(std::clamp(std::ceil(high), 0.0F, static_cast<float>(side)))};
    }

    float reach_;
    std::array<float, side * side> squares_{};
};

/// The point of a Catmull-Rom spline at t in [0, 1] between b and c.
inline Point spline(Point a, Point b, Point c, Point d, double t) {
    const auto blend = [t](double p, double q, double r, double s) {
        return 0.5 *
               (2 * q + t * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p))));
    };
    return {blend(a.x, b.x, c.x, d.x), blend(a.y, b.y, c.y, d.y)};
}

inline void draw(const Stroke &stroke, const std::vector<Point> &points, const Distortion &distort,
                 Canvas &canvas) {
    constexpr int pieces = 4;  // straight lines per span between two points
    const std::size_t last = points.size() - 1;
    Point from = distort(points[0]);
    for (std::size_t i = 0; i < last; ++i) {
        const Point a = points[i > 0 ? i - 1 : 0], d = points[std::min(i + 2, last)];
        for (int piece = 1; piece <= pieces; ++piece) {
            const double t = static_cast<double>(piece) / pieces;
            const Point b = points[i], c = points[i + 1];
            const Point to =
                distort(stroke.curved ? spline(a, b, c, d, t)
                                      : Point{b.x + t * (c.x - b.x), b.y + t * (c.y - b.y)});
            canvas.line(from, to);
            from = to;
        }
    }
}

/// The image of a digit; values are multiples of 1/255, as in a file of images.
inline void draw(int digit, std::uint64_t key, std::int64_t index, double strength, double noise,
                 std::span<float> image) {
    Dice dice(key, index);
    const auto hands = handwritings(digit);
    const Glyph &glyph =
        hands[static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(hands.size())))];
    const Distortion distort(dice, strength);
    const auto radius = static_cast<float>(1.4 + strength * dice.between(-0.6, 0.7));
    const auto ink = static_cast<float>(1 - strength * dice.between(0, 0.3));
    Canvas canvas(radius + 1);
    for (const Stroke &stroke : glyph) {
        std::vector<Point> points = stroke.points;
        for (Point &p : points) {
            p.x += strength * dice.between(-0.05, 0.05);
            p.y += strength * dice.between(-0.05, 0.05);
        }
        draw(stroke, points, distort, canvas);
    }
    spar::Random grain(key, index, 1);
    for (int i = 0; i < side * side; ++i) {
        // The sum of four bytes is normal enough: mean 510, deviation 147.8.
        const std::uint32_t word = grain.word(i);
        const auto sum = static_cast<int>((word & 255U) + (word >> 8 & 255U) + (word >> 16 & 255U) +
                                          (word >> 24));
        const float value = ink * std::clamp(radius + 0.5F - canvas.distance(i), 0.0F, 1.0F) +
                            static_cast<float>(noise) * static_cast<float>(sum - 510) / 147.8F;
        const auto level = static_cast<int>(std::clamp(value, 0.0F, 1.0F) * 255.0F + 0.5F);
        image[static_cast<std::size_t>(i)] = static_cast<float>(level) / 255.0F;
    }
}

}  // namespace digits
