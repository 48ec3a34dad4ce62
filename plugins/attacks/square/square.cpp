#include "image.hpp"
#include "schedule.hpp"

#include <spar/array.hpp>
#include <spar/kit/lead.hpp>
#include <spar/kit/points.hpp>

namespace {

using square::Hills;
using square::Image;
using square::Window;

class Square : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "square",
        .summary =
            "Square attack: random search with squares that shrink, from outputs alone. Every "
            "example draws its own squares.",
        .formula =
            "linf: a square of one sign per channel, +-2 eps, then clip to ball and box; l2, "
            "l1: a pattern of two hills drawn into a window, with what a second window held; "
            "kept if z_y - max_{i != y} z_i falls",
        .reference =
            "Andriushchenko et al. 2020, Square attack: a query-efficient black-box "
            "adversarial attack via random search",
        .example = R"({"version":2,"name":"square","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"square","queries":100}]}})",
    };

    spar::Integer queries{
        this, "queries", "most queries per example", {.fallback = 5000, .min = 1}};
    spar::Number p{this,
                   "p",
                   "share of the image in the first squares; 0.8 as in AutoAttack, in the paper "
                   "0.05 for linf and "
                   "0.1 for l2",
                   {.fallback = 0.8, .max = 1, .above = 0.0}};
    spar::Boolean rescale{
        this,
        "rescale",
        "stretch the schedule of shares, made for 10,000 queries, to these queries; "
        "AutoAttack does not",
        {.fallback = false}};

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        spar::require_classes(oracle, batch);
        const Image image(batch.shape());
        points_.begin(batch, 1);
        proposal_.resize(batch.count(), batch.size());
        lead_.assign(static_cast<std::size_t>(batch.count()),
                     -std::numeric_limits<double>::infinity());
        for (std::int64_t query = 0; query < *queries && points_.live_count() > 0; ++query) {
            for_rows(points_.live_count(), [&](std::int64_t k) {
                const std::int64_t row = points_.live()[static_cast<std::size_t>(k)];
                propose(batch, image, row, query);
            });
            points_.ask(oracle, proposal_, {.outputs = true});
            settle(batch);
        }
    }

  private:
    void propose(const spar::AttackBatch &batch, const Image &image, std::int64_t row,
                 std::int64_t query) {
        const spar::Ball ball = batch.ball();
        const std::span<float> x = proposal_[row];
        const auto best = batch.x_adv()[row];
        std::ranges::copy(best, x.begin());
        spar::Random random = batch.random(row, static_cast<std::uint32_t>(query));
        if (ball.norm == SPAR_NORM_LINF)
            query == 0 ? stripes(ball, image, random, x) : patch(ball, image, random, query, x);
        else
            query == 0 ? tiles(batch, image, random, row)
                       : move_mass(batch, image, random, query, row);
        ball.project(batch.x()[row], x);
        batch.hold_masked(row, x);
    }

    double share(std::int64_t query) const {
        const std::int64_t iteration = query - 1;  // the first query is the start
        return square::share(*p, *rescale ? iteration * 10000 / *queries : iteration);
    }

    static float coin(spar::Random &random, std::int64_t index) {
        return (random.word(index) & 1U) != 0 ? 1.0F : -1.0F;
    }

    /// Vertical stripes, one pixel wide.
    static void stripes(const spar::Ball &ball, const Image &image, spar::Random &random,
                        std::span<float> x) {
        for (std::int64_t c = 0; c < image.channels; ++c)
            for (std::int64_t column = 0; column < image.width; ++column) {
                const float shift = ball.eps * coin(random, c * image.width + column);
                for (std::int64_t y = 0; y < image.height; ++y) x[image.at(c, y, column)] += shift;
            }
    }

    /// A square at a random place, of one colour per channel.
    void patch(const spar::Ball &ball, const Image &image, spar::Random &random, std::int64_t query,
               std::span<float> x) const {
        const std::int64_t side = square::side(share(query), image.pixels());
        const Window w = window(image, side, random, 0);
        for (std::int64_t c = 0; c < image.channels; ++c) {
            const float shift = 2 * ball.eps * coin(random, 2 + c);
            w.each([&](std::int64_t y, std::int64_t column) {
                x[image.at(c, w.top + y, w.left + column)] += shift;
            });
        }
    }

    static Window window(const Image &image, std::int64_t side, spar::Random &random,
                         std::int64_t index) {
        const std::int64_t height = std::min(side, image.height),
                           width = std::min(side, image.width);
        return {random.below(index, image.height - height + 1),
                random.below(index + 1, image.width - width + 1), height, width};
    }

    /// Five by five tiles of hills; l2: scaled to the surface of the ball.
    void tiles(const spar::AttackBatch &batch, const Image &image, spar::Random &random,
               std::int64_t row) {
        const std::int64_t height = std::max<std::int64_t>(image.height / 5, 1);
        const std::int64_t width = std::max<std::int64_t>(image.width / 5, 1);
        std::int64_t draw = 0;
        const auto center = batch.x()[row];
        std::ranges::fill(proposal_[row], 0.0F);
        for (std::int64_t top = 0; top + height <= image.height; top += height)
            for (std::int64_t left = 0; left + width <= image.width; left += width) {
                const Hills hills(height, width, (random.word(draw++) & 1U) != 0,
                                  batch.ball().norm);
                for (std::int64_t c = 0; c < image.channels; ++c) {
                    const float sign = coin(random, draw++);
                    Window{top, left, height, width}.each([&](std::int64_t y, std::int64_t x) {
                        proposal_[row][image.at(c, top + y, left + x)] =
                            sign * static_cast<float>(hills.at(y, x));
                    });
                }
            }
        place(batch.ball(), center, proposal_[row]);
    }

    /// x holds offsets and becomes a point: l2, on the surface of the ball; l1, one that is to be
    /// projected.
    static void place(const spar::Ball &ball, std::span<const float> center, std::span<float> x) {
        const double length = spar::norm_l2(x);
        const double scale = ball.norm == SPAR_NORM_L1 ? 1 : length > 0 ? ball.eps / length : 0;
        spar::array(x) = (spar::doubles(center) + scale * spar::doubles(x)).cast<float>();
    }

    /// Draws hills into one window with the length available from both windows and the rest of the
    /// ball (l1: in every channel the total of all channels, as in the authors' program), and
    /// clears the other window.
    void move_mass(const spar::AttackBatch &batch, const Image &image, spar::Random &random,
                   std::int64_t query, std::int64_t row) {
        const spar::Ball ball = batch.ball();
        const bool squares = ball.norm == SPAR_NORM_L2;
        const std::int64_t side =
            std::max<std::int64_t>(square::side(share(query), image.pixels()), 3) | 1;
        const Window to = window(image, side, random, 0), from = window(image, side, random, 2);
        const Hills hills(to.height, to.width, (random.word(4) & 1U) != 0, ball.norm);
        const auto center = batch.x()[row];
        const std::span<float> offset = proposal_[row];
        double all = 0;
        for (std::size_t i = 0; i < offset.size(); ++i) {
            offset[i] -= center[i];
            all += mass(squares, offset[i]);
        }
        const double eps = ball.eps;
        const double spare =
            std::max((squares ? eps * eps : eps) - all, 0.0) / static_cast<double>(image.channels);
        for (std::int64_t c = 0; c < image.channels; ++c)
            draw(image, {to, from, hills, squares, spare, coin(random, 5 + c)}, c, offset);
        place(ball, center, offset);
    }

    static double mass(bool squares, double value) {
        return squares ? value * value : std::fabs(value);
    }

    struct Stroke {
        Window to, from;
        const Hills &hills;
        bool squares;
        double spare;
        float sign;
    };

    /// One channel of move_mass.
    static void draw(const Image &image, const Stroke &s, std::int64_t c, std::span<float> offset) {
        const auto at = [&](std::int64_t y, std::int64_t x) -> float & {
            return offset[image.at(c, s.to.top + y, s.to.left + x)];
        };
        double inside = 0, both = 0;
        for (std::int64_t y = 0; y < image.height; ++y)
            for (std::int64_t x = 0; x < image.width; ++x) {
                const double m = mass(s.squares, offset[image.at(c, y, x)]);
                if (s.to.holds(y, x)) inside += m;
                if (s.to.holds(y, x) || s.from.holds(y, x)) both += m;
            }
        const auto root = [&](double m) { return s.squares ? std::sqrt(m) : m; };
        const double unit = 1e-12 + root(inside);
        const auto fresh = [&](std::int64_t y, std::int64_t x) {
            return s.sign * s.hills.at(y, x) + at(y, x) / unit;
        };
        double total = 0;
        s.to.each([&](std::int64_t y, std::int64_t x) { total += mass(s.squares, fresh(y, x)); });
        const double share = s.squares ? 1 : static_cast<double>(image.channels);
        const double scale = share * root(s.spare + both) / (1e-12 + root(total));
        for (std::int64_t y = 0; y < s.from.height; ++y)
            for (std::int64_t x = 0; x < s.from.width; ++x)
                if (!s.to.holds(s.from.top + y, s.from.left + x))
                    offset[image.at(c, s.from.top + y, s.from.left + x)] = 0;
        s.to.each([&](std::int64_t y, std::int64_t x) {
            at(y, x) = static_cast<float>(scale * fresh(y, x));
        });
    }

    /// Keeps changes that bring the goal nearer.
    void settle(const spar::AttackBatch &batch) {
        for (std::int64_t k = 0; k < points_.live_count(); ++k) {
            const std::int64_t row = points_.live()[static_cast<std::size_t>(k)];
            const auto outputs = points_.outputs[k];
            const double lead = spar::progress(batch, row, outputs);
            double &best = lead_[static_cast<std::size_t>(row)];
            if (!(lead > best)) continue;
            best = lead;
            std::ranges::copy(proposal_[row], batch.x_adv()[row].begin());
        }
        points_.drop([&](std::int64_t row) {
            return lead_[static_cast<std::size_t>(row)] == std::numeric_limits<double>::infinity();
        });
    }

    spar::Points points_;
    spar::Matrix proposal_;
    std::vector<double> lead_;  // of the best point of each example
};

}  // namespace

SPAR_PLUGIN("square", "1.0.0", Square)
