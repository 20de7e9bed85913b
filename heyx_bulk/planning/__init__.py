"""Which calls a row needs: the planner, differences, estimates, reconciling of unconfirmed creates. Pure."""
