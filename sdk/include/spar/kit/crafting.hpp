// What a training method increases while it crafts the examples to train on.
#pragma once

#include <spar/method.hpp>

#include <utility>

namespace SPAR_HIDDEN spar {

/// The parameter "loss" of a method that crafts; make it a member of the method, and craft through
/// attack(), gradient() or pass(). The attack's own loss counts first, then this parameter, then
/// the session's loss for crafting.
class CraftingLoss {
  public:
    explicit CraftingLoss(Record *owner)
        : own_(owner, "loss", SPAR_KIND_LOSS,
               "what crafting makes grow, unless the attack has a loss of its own; left out: the "
               "training loss, or for one that compares with clean outputs cross_entropy (mse "
               "where the data holds values)",
               {.optional = true, .crafts = true}) {}

    /// Null: the training loss, so that one pass gives the gradients of parameters and input.
    const spar_component_ref *of(const Session &session) const {
        return own_.given() ? own_.ref() : session.crafting_loss();
    }

    /// dx [count, size] = its gradient with respect to the input at p.x; the rest of `p` applies
    /// unchanged.
    void gradient(const Session &session, Pass p, float *dx) {
        p.loss = of(session);
        p.reference = reference(session, p.loss);
        p.wants |= SPAR_WANT_INPUT_GRADIENT;
        p.wants &= ~SPAR_WANT_PARAMETER_GRADIENTS;
        p.dx = dx;
        session.pass(p);
    }

    /// A pass for the gradients of the parameters that also leaves this loss's gradient with
    /// respect to the input in p.dx: one pass, or two if crafting and training use different
    /// losses.
    void pass(const Session &session, Pass p) {
        if (of(session) == nullptr) {
            p.wants |= SPAR_WANT_INPUT_GRADIENT;
            return session.pass(p);
        }
        float *const dx = std::exchange(p.dx, nullptr);
        session.pass(p);
        gradient(session, {.x = p.x, .mode = p.mode, .draw = p.draw}, dx);
    }

    /// x_adv [n, size] from the attack; the rest of `o` applies unchanged.
    void attack(const Session &session, const Child &attack, float *x_adv,
                Session::Objective o = {}) {
        o.loss = of(session);
        o.reference = reference(session, o.loss);
        session.attack(attack, x_adv, o);
    }
    /// The same where session.texts(): the attacked texts as tokens.
    const spar_tokens *attack_tokens(const Session &session, const Child &attack,
                                     Session::Objective o = {}) {
        o.loss = of(session);
        o.reference = reference(session, o.loss);
        return session.attack_tokens(attack, o);
    }

  private:
    /// Clean outputs in evaluation mode, for a loss that compares; otherwise null.
    const float *reference(const Session &session, const spar_component_ref *loss) {
        const spar_loss_needs wanted = loss != nullptr ? needs(*loss) : session.raw().loss_needs;
        if ((wanted & SPAR_LOSS_NEEDS_REFERENCE) == 0) return nullptr;
        clean_.resize(session.count(), session.outputs());
        session.pass({.mode = SPAR_MODE_EVAL, .outputs = clean_.data(), .forward_only = true});
        return clean_.data();
    }

    Child own_;
    Matrix clean_;
};

/// The parameter "mode" of a method whose crafting needs passes of its own.
class CraftingMode {
  public:
    CraftingMode(Record *owner, const char *fallback)
        : mode_(owner, "mode",
                "of batchnorm and dropout while crafting: eval, running statistics and no dropout; "
                "train, the batch's statistics and dropout",
                {"eval", "train"}, {.fallback = fallback}) {}

    spar_mode operator*() const { return mode_.is("train") ? SPAR_MODE_TRAIN : SPAR_MODE_EVAL; }

  private:
    Choice mode_;
};

}  // namespace spar
