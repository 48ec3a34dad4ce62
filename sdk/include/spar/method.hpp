// Write a method of training: from a batch to the gradients of one optimizer step. The host clears
// the gradients, calls prepare() and gradients(), and takes the optimizer's step.
#pragma once

#include <spar/component.hpp>
#include <spar/fit.hpp>
#include <spar/session.hpp>

namespace SPAR_HIDDEN spar {

/// Base of a training method. For every batch the host clears the gradients, calls prepare() and
/// then gradients(), and takes the optimizer's step. Adversarial training with an attack `attack_`
/// (a Child) is
///
///     prepare:    session.attack(attack_, session.points("x_adv").data());
///     gradients:  session.pass({.x = session.points("x_adv").data(), .weight = session.mean()});
class Method : public Component {
  public:
    using Kind = Method;
    static constexpr spar_kind kind = SPAR_KIND_METHOD;

    /// Crafts what gradients() trains on, for example adversarial examples in a session tensor.
    virtual void prepare(const Session &) {}
    /// Adds this batch's gradients. May be called again after one prepare(), with other parameters.
    virtual void gradients(const Session &session) = 0;

    /// The threats that it works under. Override it to support others than linf, l2 and l1; a
    /// method that leaves the threat to its attack returns Fit::any(), or Fit::anything() if it
    /// trains on attacked texts too.
    virtual Fit fit() const { return {}; }
    /// Whether it makes use of examples without labels, which a pipeline's unlabelled set adds to
    /// the batch. A loss that needs labels is 0 at them.
    virtual bool unlabelled() const { return false; }
    /// Whether it takes batches cut to their longest text, see SPAR_METHOD_LENGTHS. That needs
    /// nothing but points(), or room() as the width of other tensors.
    virtual bool lengths() const { return true; }

    static const spar_method_table *table() {
        static const spar_method_table functions{
            .struct_size = sizeof(spar_method_table),
            .reserved = 0,
            .prepare =
                [](void *self, const spar_session *session, spar_error *error) {
                    return guarded(error, [&] {
                        auto &method = *static_cast<Method *>(self);
                        if (session->threat != nullptr) method.fit().require(*session->threat);
                        method.prepare(Session(session));
                    });
                },
            .gradients = call<&Method::gradients>,
            .fits =
                [](void *self, const spar_threat *threat, spar_error *error) {
                    return guarded(error, [&] {
                        if (threat != nullptr) static_cast<Method *>(self)->fit().require(*threat);
                    });
                },
            .traits = [](void *self) -> spar_method_traits {
                const auto &method = *static_cast<const Method *>(self);
                return (method.lengths() ? SPAR_METHOD_LENGTHS : 0U) |
                       (method.unlabelled() ? SPAR_METHOD_UNLABELLED : 0U);
            }};
        return &functions;
    }

  protected:
    /// x_adv = a point uniform in `ball` around every example, in as many dimensions as it has
    /// values that are not masked.
    void random_start(const Session &session, const Ball &ball, Rows<float> x_adv) const {
        for_rows(session.count(), [&](std::int64_t row) {
            session.draw_unmasked(row, x_adv[row],
                                  [&](std::span<const float> from, std::span<float> to) {
                                      ball.random_point(from, session.random(row), to);
                                  });
        });
    }
    /// x_adv = every example plus normal noise of standard deviation `sigma`, inside the threat
    /// model.
    void noisy_start(const Session &session, double sigma, Rows<float> x_adv) const {
        const Ball ball = session.ball();
        for_rows(session.count(), [&](std::int64_t row) {
            session.draw_unmasked(row, x_adv[row],
                                  [&](std::span<const float> from, std::span<float> to) {
                                      ball.noisy_point(from, session.random(row), sigma, to);
                                  });
        });
    }
    /// x_adv = x
    static void start_at_x(const Session &session, Rows<float> x_adv) {
        copy_row(session.x().flat(), x_adv.flat());
    }
    /// Every example of x_adv moves by `step` in the steepest direction of its gradient, and stays
    /// inside the threat model.
    void ascend(const Session &session, Rows<float> gradient, double step,
                Rows<float> x_adv) const {
        const Ball ball = session.ball();
        for_rows(session.count(), [&](std::int64_t row) {
            session.clear_masked(row, gradient[row]);
            ball.ascend(session.x()[row], gradient[row], static_cast<float>(step), x_adv[row]);
        });
    }

  private:
    template <void (Method::*function)(const Session &)>
    static spar_status call(void *self, const spar_session *session, spar_error *error) {
        return guarded(error, [&] { (static_cast<Method *>(self)->*function)(Session(session)); });
    }
};

}  // namespace spar
